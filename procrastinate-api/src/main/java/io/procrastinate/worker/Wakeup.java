package io.procrastinate.worker;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets one thread wait until another one has news for it, or a time has passed. News that came while nobody waited is kept:
 * the next wait returns at once. Thread-safe.
 */
final class Wakeup {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition raised = lock.newCondition();
    private boolean pending;

    /** Ends the wait, or the next one. */
    void raise() {
        lock.lock();
        try {
            pending = true;
            raised.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for news, no longer than the limit; either way what was new is taken. An interrupt does not end the wait, and is kept:
     * a worker that is stopping goes through all of its steps.
     */
    void await(Duration limit) {
        boolean interrupted = false;
        long end = System.nanoTime() + limit.toNanos();
        lock.lock();
        try {
            for (long left = limit.toNanos(); !pending && left > 0; left = end - System.nanoTime()) {
                try {
                    raised.awaitNanos(left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            pending = false;
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}

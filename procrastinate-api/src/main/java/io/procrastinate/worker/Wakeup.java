package io.procrastinate.worker;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets one thread wait until another one raises a signal, or a time has passed. A signal raised while no thread waits
 * is kept: the next wait returns immediately. Thread-safe.
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
     * Waits for the signal, no longer than the limit, and clears it. An interrupt does not end the wait and is kept: a
     * stopping worker goes through all of its steps.
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

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

    /** Waits for news, no longer than the limit; either way what was new is taken. */
    void await(Duration limit) {
        lock.lock();
        try {
            long left = limit.toNanos();
            while (!pending && left > 0) {
                left = raised.awaitNanos(left);
            }
            pending = false;
        } catch (InterruptedException e) {
            // The worker's threads are its own: nobody else has a reason to interrupt them, and stopping raises this.
            pending = false;
        } finally {
            lock.unlock();
        }
    }
}

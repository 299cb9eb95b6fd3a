package io.procrastinate.worker;

import io.procrastinate.connector.Backoff;
import io.procrastinate.connector.BlockingThreads;
import io.procrastinate.exception.ProcrastinateException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of a worker's activities, repeated on a thread of its own until it is stopped. No failure ends it: it tries again with
 * capped, jittered backoff, and says so once, not each time.
 */
final class Loop implements Runnable {

    /** A database that comes back is found again within this bound. */
    private static final Backoff BACKOFF = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(1));

    private static final Logger LOGGER = LoggerFactory.getLogger(Loop.class);

    private final String worker;
    private final String activity;
    private final Step step;
    private final Wakeup wakeup = new Wakeup();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean stopped;
    private volatile int failures;

    /**
     * @param worker the worker's name
     * @param activity what the loop does, such as {@code fetching jobs}
     * @param step does it once
     */
    Loop(String worker, String activity, Step step) {
        this.worker = worker;
        this.activity = activity;
        this.step = step;
    }

    void start() {
        BlockingThreads.daemons("procrastinate-" + worker + "-" + activity.replace(' ', '-'))
                .newThread(this)
                .start();
    }

    /** Repeats the step now rather than when its pause is over. */
    void wake() {
        wakeup.raise();
    }

    /** Ends the loop after the step under way. */
    void stop() {
        stopped = true;
        wakeup.raise();
    }

    /** Waits until the loop has ended; answers whether it has. An interrupt does not end the wait, and is kept. */
    boolean awaitEnd(Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return ended.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    boolean isStopped() {
        return stopped;
    }

    /** How many times in a row the step has failed by now. */
    int failures() {
        return failures;
    }

    @Override
    public void run() {
        try {
            while (!stopped) {
                wakeup.await(once());
            }
        } finally {
            ended.countDown();
        }
    }

    /** The step, whatever it throws; answers how long to pause. */
    private Duration once() {
        try {
            Duration pause = step.run();
            if (failures > 0) {
                LOGGER.info("Worker {}: {} works again after {} failures", worker, activity, failures);
                failures = 0;
            }
            return pause;
        } catch (RuntimeException e) {
            failed(e);
        } catch (Error e) {
            // Out of memory, a class that cannot be loaded: the thread must go on, or the worker would be alive but
            // deaf.
            failed(e);
        }
        return BACKOFF.after(failures);
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // written by the loop's thread only
    private void failed(Throwable failure) {
        failures++;
        if (failures == 1) {
            boolean expected = failure instanceof ProcrastinateException;
            LOGGER.warn(
                    "Worker {}: {} failed, trying again until it works: {}",
                    worker,
                    activity,
                    failure.toString(),
                    expected ? null : failure);
        } else {
            LOGGER.debug("Worker {}: {} failed {} times in a row", worker, activity, failures, failure);
        }
    }

    /** Does the activity once. */
    @FunctionalInterface
    interface Step {

        /**
         * Does it.
         *
         * @return how long to pause before the next time, unless woken before
         */
        Duration run();
    }
}

package io.procrastinate.worker;

import io.procrastinate.driver.Backoff;
import io.procrastinate.driver.BlockingThreads;
import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.text.Printable;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of a worker's activities, repeated on a thread of its own until it is stopped. No failure ends it: it tries again
 * with capped, jittered backoff, and logs that once, not each time.
 */
final class Loop implements Runnable {

    /** After this time at most, a database that has come back is found. */
    private static final Backoff BACKOFF = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(1));

    /** Every statement has a deadline: a step that takes longer hangs. */
    private static final Duration LONGEST_STEP = Duration.ofMinutes(2);

    private static final Duration LONGEST_PAUSE = Duration.ofDays(1);

    /** The pause after a failure that could not even be reported. */
    private static final Duration AFTER_WORSE = Duration.ofSeconds(1);

    private static final Logger LOGGER = LoggerFactory.getLogger(Loop.class);

    private final String worker;
    private final String activity;
    private final Step step;
    private final Consumer<Failing> whenFailed;
    private final Wakeup wakeup = new Wakeup();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable Thread thread;
    private volatile boolean started;
    private volatile boolean stopped;
    private volatile @Nullable Failing failing;
    private volatile @Nullable Instant stepBegan;

    /**
     * @param worker the worker's name
     * @param activity what the loop does, such as {@code fetching jobs}
     * @param step does it once
     */
    Loop(String worker, String activity, Step step) {
        this(worker, activity, step, failing -> {});
    }

    /** @param whenFailed called with each failure, on the loop's thread */
    Loop(String worker, String activity, Step step, Consumer<Failing> whenFailed) {
        this.worker = worker;
        this.activity = activity;
        this.step = step;
        this.whenFailed = whenFailed;
    }

    void start() {
        started = true;
        BlockingThreads.daemons("procrastinate-" + worker + "-" + activity.replace(' ', '-'))
                .newThread(this)
                .start();
    }

    /** Repeats the step now rather than when its pause is over. */
    void wake() {
        wakeup.raise();
    }

    /** Ends the loop after the current step. */
    void stop() {
        stopped = true;
        wakeup.raise();
    }

    /**
     * Waits until the loop has ended, or was never started; returns whether it has. An interrupt does not end the wait;
     * the thread stays interrupted.
     */
    boolean awaitEnd(Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return !started || ended.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
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

    /** Whether the current thread is in a step of the loop. */
    boolean isOnCurrentThread() {
        return thread == Thread.currentThread();
    }

    /** Whether the loop never ends because its thread waits for the process to end. */
    boolean isEndingTheProcess() {
        return Exits.isEndingTheProcess(thread);
    }

    /** What is wrong with the loop now. */
    Optional<WorkerHealth.Problem> problem() {
        Failing now = failing;
        if (now != null) {
            return Optional.of(now.problem(activity));
        }
        Instant began = stepBegan;
        return began == null || began.plus(LONGEST_STEP).isAfter(Instant.now())
                ? Optional.empty()
                : Optional.of(new WorkerHealth.Problem(activity, began, "hangs", null));
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        try {
            while (!stopped) {
                try {
                    Duration pause = once();
                    wakeup.await(pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE);
                } catch (RuntimeException | Error e) {
                    // Reporting a failure has failed too, for instance for lack of memory: nothing more can be
                    // reported.
                    LockSupport.parkNanos(AFTER_WORSE.toNanos());
                }
            }
        } finally {
            ended.countDown();
        }
    }

    /** Runs the step, whatever it throws; returns how long to pause. */
    private Duration once() {
        stepBegan = Instant.now();
        try {
            Duration pause = step.run();
            Failing before = failing;
            if (before != null) {
                LOGGER.info("Worker {}: {} works again after {} failures", worker, activity, before.times());
                failing = null;
            }
            return pause;
        } catch (RuntimeException | Error e) {
            // Errors too, such as out of memory or a missing class: the thread must go on, or the worker would be alive
            // but idle.
            return failed(e);
        } finally {
            stepBegan = null;
        }
    }

    private Duration failed(Throwable failure) {
        Failing before = failing;
        Failing now = before == null
                ? new Failing(Instant.now(), System.nanoTime(), 1, failure)
                : new Failing(before.since(), before.sinceNanos(), before.times() + 1, failure);
        failing = now;
        if (before == null) {
            boolean expected = failure instanceof ProcrastinateException;
            LOGGER.atWarn()
                    .setCause(expected ? null : failure)
                    .addKeyValue("action", "side_task_failed")
                    .log(
                            "Worker {}: {} failed, trying again until it works: {}",
                            worker,
                            activity,
                            Printable.failure(failure));
        } else {
            LOGGER.debug("Worker {}: {} failed {} times in a row", worker, activity, now.times(), failure);
        }
        whenFailed.accept(now);
        return BACKOFF.after(now.times());
    }

    /**
     * A series of failures of a loop.
     *
     * @param since when the first failure happened
     * @param sinceNanos the same by {@link System#nanoTime()}
     * @param times how many times in a row
     * @param last the last failure
     */
    record Failing(Instant since, long sinceNanos, int times, Throwable last) {

        /** Whether it has just begun. */
        boolean isFirst() {
            return times == 1;
        }

        WorkerHealth.Problem problem(String activity) {
            return new WorkerHealth.Problem(
                    activity, since, "failed " + times + " times in a row, at last with " + last, last);
        }

        /** How long the loop has been failing. */
        Duration lasting() {
            return Duration.ofNanos(System.nanoTime() - sinceNanos);
        }
    }

    /** One repetition of the activity. */
    @FunctionalInterface
    interface Step {

        /**
         * One repetition of the activity.
         *
         * @return how long to pause before the next time, unless woken before
         */
        Duration run();
    }
}

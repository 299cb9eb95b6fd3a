package io.procrastinate.worker;

import java.time.Duration;

/**
 * How long what comes one by one may gather for the next statement: many in one cost little more than a single one. That is never
 * longer than the last statement took, so that slow jobs are hardly delayed. For one thread.
 */
final class Gathering {

    private static final Duration MOST = Duration.ofMillis(20);

    private long endedAt = System.nanoTime();
    private long mostNanos;

    /** A statement that began at a time of {@link System#nanoTime()} has ended. */
    void ended(long beganAt) {
        endedAt = System.nanoTime();
        mostNanos = Math.min(endedAt - beganAt, MOST.toNanos());
    }

    /** How much longer to wait; zero where it has been long enough. */
    Duration left() {
        return Duration.ofNanos(Math.max(0, endedAt + mostNanos - System.nanoTime()));
    }
}

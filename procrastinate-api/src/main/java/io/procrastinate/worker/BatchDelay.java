package io.procrastinate.worker;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * How long to collect single items for the next statement, since a batch costs little more than one item. That is never
 * longer than the last statement took, so that slow jobs are hardly delayed. Not thread-safe.
 */
final class BatchDelay {

    private static final Duration MOST = Duration.ofMillis(20);

    private final LongSupplier nanoTime;
    private long endedAt;
    private long mostNanos;

    /** @param nanoTime the clock, as {@link System#nanoTime()} */
    BatchDelay(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.endedAt = nanoTime.getAsLong();
    }

    /** Notes the end of a statement that began at a time of the clock. */
    void ended(long beganAt) {
        endedAt = nanoTime.getAsLong();
        mostNanos = Math.min(endedAt - beganAt, MOST.toNanos());
    }

    /** How much longer to wait; zero if it has been long enough. */
    Duration left() {
        return Duration.ofNanos(Math.max(0, endedAt + mostNanos - nanoTime.getAsLong()));
    }
}

package io.procrastinate.driver;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How long to wait before the next attempt: doubling from the first delay up to the cap, each with jitter, so that
 * clients that lost the same server do not all return at the same instant. Immutable and thread-safe.
 *
 * @param first the delay before the second attempt, positive; longer values are capped at 100 years
 * @param cap the longest delay, at least {@code first}; longer values are capped at 100 years
 */
public record Backoff(Duration first, Duration cap) {

    /** For connections to the database: 100 milliseconds, doubling up to 2 seconds. */
    public static final Backoff RECONNECT = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(2));

    /** Checks the bounds. */
    public Backoff {
        if (first.isNegative() || first.isZero() || cap.compareTo(first) < 0) {
            throw new IllegalArgumentException("Backoff needs 0 < first <= cap, given " + first + " and " + cap);
        }
        first = Durations.limited(first);
        cap = Durations.limited(cap);
    }

    /**
     * Returns the delay after a number of failures in a row.
     *
     * @param failures at least 1
     * @return between half and all of {@code first * 2^(failures - 1)}, at most the cap
     */
    public Duration after(int failures) {
        int doublings = Math.min(Math.max(failures, 1) - 1, 30);
        long limit = Math.min(
                cap.toNanos(), first.toNanos() << Math.min(doublings, Long.numberOfLeadingZeros(first.toNanos()) - 1));
        return Duration.ofNanos(ThreadLocalRandom.current().nextLong(limit / 2, limit + 1));
    }
}

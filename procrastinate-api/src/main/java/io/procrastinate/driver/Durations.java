package io.procrastinate.driver;

import io.procrastinate.annotation.Internal;
import java.time.Duration;

/**
 * Checks durations as they are passed in, so that no later arithmetic on them overflows.
 *
 * @hidden
 */
@Internal
public final class Durations {

    /**
     * Stands for "for ever": 100 years. It can be added to the time of a clock, and twice as much fits into a
     * {@code long} of nanoseconds; the greatest duration, as of {@code ChronoUnit.FOREVER.getDuration()}, would
     * overflow both.
     */
    public static final Duration FOREVER = Duration.ofDays(36_525);

    private Durations() {}

    /**
     * Returns the duration, or {@link #FOREVER} if it is longer.
     *
     * @param what the duration limits, for the message
     * @throws IllegalArgumentException if it is negative or zero
     */
    public static Duration positive(String what, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException("The " + what + " is " + value + ", it must be positive");
        }
        return limited(value);
    }

    /**
     * Returns the duration, or {@link #FOREVER} if it is longer.
     *
     * @param what the duration limits, for the message
     * @throws IllegalArgumentException if it is negative
     */
    public static Duration notNegative(String what, Duration value) {
        if (value.isNegative()) {
            throw new IllegalArgumentException("The " + what + " is " + value + ", it must not be negative");
        }
        return limited(value);
    }

    /** Returns the duration, or {@link #FOREVER} if it is longer. */
    public static Duration limited(Duration value) {
        return value.compareTo(FOREVER) > 0 ? FOREVER : value;
    }
}

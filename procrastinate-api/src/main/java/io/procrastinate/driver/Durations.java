package io.procrastinate.driver;

import java.time.Duration;

/** Checks durations where they are handed in, so that nothing that counts with them later can overflow. */
public final class Durations {

    /**
     * Stands for ever: 100 years. A clock can add it to its time, and twice as much fits where nanoseconds are counted; the
     * greatest duration, as {@code ChronoUnit.FOREVER.getDuration()}, fits nowhere.
     */
    public static final Duration FOREVER = Duration.ofDays(36_525);

    private Durations() {}

    /**
     * The duration; {@link #FOREVER} where it is longer.
     *
     * @param what is limited, for the message
     * @throws IllegalArgumentException when it is negative or zero
     */
    public static Duration positive(String what, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException("The " + what + " is " + value + ", it must be positive");
        }
        return limited(value);
    }

    /**
     * The duration; {@link #FOREVER} where it is longer.
     *
     * @param what is limited, for the message
     * @throws IllegalArgumentException when it is negative
     */
    public static Duration notNegative(String what, Duration value) {
        if (value.isNegative()) {
            throw new IllegalArgumentException("The " + what + " is " + value + ", it must not be negative");
        }
        return limited(value);
    }

    /** The duration, or {@link #FOREVER} where it is longer. */
    public static Duration limited(Duration value) {
        return value.compareTo(FOREVER) > 0 ? FOREVER : value;
    }
}

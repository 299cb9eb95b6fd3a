package io.procrastinate.driver;

import io.procrastinate.annotation.Internal;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

    private static final Pattern WITH_UNIT = Pattern.compile("(\\d{1,15})\\s*(ms|s|m|h|d)");

    private Durations() {}

    /**
     * Reads a duration: a number with a unit ({@code ms}, {@code s}, {@code m}, {@code h}, {@code d}), or ISO 8601.
     *
     * @param what what it is, for the message
     * @throws IllegalArgumentException if it is neither
     */
    public static Duration parse(String what, String text) {
        Matcher simple = WITH_UNIT.matcher(text.strip());
        try {
            if (simple.matches()) {
                long number = Long.parseLong(simple.group(1));
                return switch (simple.group(2)) {
                    case "ms" -> Duration.ofMillis(number);
                    case "s" -> Duration.ofSeconds(number);
                    case "m" -> Duration.ofMinutes(number);
                    case "h" -> Duration.ofHours(number);
                    default -> Duration.ofDays(number);
                };
            }
            return Duration.parse(text.strip());
        } catch (DateTimeParseException | ArithmeticException e) {
            throw new IllegalArgumentException(
                    "The " + what + " is '" + text + "', it must be a duration such as 500ms, 5s, 3m, 2h, 1d or PT5S",
                    e);
        }
    }

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

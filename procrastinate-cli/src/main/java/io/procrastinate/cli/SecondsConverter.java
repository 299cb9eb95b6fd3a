package io.procrastinate.cli;

import java.math.BigDecimal;
import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a number of seconds, with or without a fraction. */
final class SecondsConverter implements ITypeConverter<Duration> {

    /** About 285 years: as many nanoseconds as fit into a long. */
    private static final BigDecimal MOST = BigDecimal.valueOf(9_000_000_000L);

    @Override
    public Duration convert(String value) {
        try {
            BigDecimal seconds = new BigDecimal(value.strip());
            if (seconds.abs().compareTo(MOST) > 0) {
                throw new TypeConversionException("'" + value + "' is more than " + MOST + " seconds");
            }
            return Duration.ofNanos(seconds.movePointRight(9).longValue());
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + value + "' is not a number of seconds");
        }
    }
}

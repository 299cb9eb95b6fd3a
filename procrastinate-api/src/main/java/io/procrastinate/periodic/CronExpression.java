package io.procrastinate.periodic;

import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A cron expression as Procrastinate reads it, by croniter: minute, hour, day of the month, month, day of the week, and
 * optionally, last, the second; or a nickname such as {@code @hourly}. Expressions that cron implementations read
 * differently are refused. Knows no time zones: it matches times of a wall clock. Immutable and thread-safe.
 */
final class CronExpression {

    private static final Map<String, String> NICKNAMES = Map.of(
            "@hourly", "0 * * * *",
            "@daily", "0 0 * * *",
            "@midnight", "0 0 * * *",
            "@weekly", "0 0 * * 0",
            "@monthly", "0 0 1 * *",
            "@yearly", "0 0 1 1 *",
            "@annually", "0 0 1 1 *");

    /** A fifth weekday of February occurs every 28 years, or after 40 if a century has no leap day. */
    private static final int MOST_YEARS = 50;

    private final String text;
    private final BitSet seconds;
    private final BitSet minutes;
    private final BitSet hours;
    private final BitSet months;
    private final Predicate<LocalDate> days;
    private final boolean everyHour;

    private CronExpression(String text, List<String> fields) {
        this.text = text;
        this.minutes = CronField.MINUTE.values(fields.get(0));
        this.hours = CronField.HOUR.values(fields.get(1));
        this.months = CronField.MONTH.values(fields.get(3));
        this.days = CronDays.of(fields.get(2), fields.get(4));
        this.seconds = CronField.SECOND.values(fields.size() == 6 ? fields.get(5) : "0");
        this.everyHour = fields.get(1).startsWith("*");
    }

    /**
     * Reads an expression.
     *
     * @throws IllegalArgumentException if the text is not a cron expression, or never matches; the message names the
     *     field
     */
    static CronExpression of(String text) {
        String trimmed = text.strip().toLowerCase(Locale.ROOT);
        List<String> fields = List.of(NICKNAMES.getOrDefault(trimmed, trimmed).split("\\s+", -1));
        if (fields.size() != 5 && fields.size() != 6) {
            throw new IllegalArgumentException("The cron expression '" + text + "' has " + fields.size()
                    + " fields. It needs five (minute, hour, day of the month, month, day of the week), or six with the"
                    + " second last, or is one of "
                    + NICKNAMES.keySet().stream().sorted().toList());
        }
        try {
            CronExpression expression = new CronExpression(text, fields);
            if (expression.after(LocalDateTime.of(2000, 1, 1, 0, 0)).isEmpty()) {
                throw new IllegalArgumentException("it never matches");
            }
            return expression;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "The cron expression '" + text + "' cannot be used: " + e.getMessage(), e);
        }
    }

    /** The first time on the clock that matches, later than the given one. */
    Optional<LocalDateTime> after(LocalDateTime time) {
        LocalDateTime from = time.truncatedTo(ChronoUnit.SECONDS).plusSeconds(1);
        LocalDate day = from.toLocalDate();
        LocalTime first = isDue(day) ? atOrAfter(from.toLocalTime()) : null;
        LocalDate last = day.plusYears(MOST_YEARS);
        while (first == null) {
            day = months.get(day.getMonthValue())
                    ? day.plusDays(1)
                    : day.withDayOfMonth(1).plusMonths(1);
            if (day.isAfter(last)) {
                return Optional.empty();
            }
            first = isDue(day) ? atOrAfter(LocalTime.MIN) : null;
        }
        return Optional.of(day.atTime(first));
    }

    /** The last time on the clock that matches, earlier than the given one. */
    Optional<LocalDateTime> before(LocalDateTime time) {
        LocalDateTime from = time.minusNanos(1).truncatedTo(ChronoUnit.SECONDS);
        LocalDate day = from.toLocalDate();
        LocalTime latest = isDue(day) ? atOrBefore(from.toLocalTime()) : null;
        LocalDate first = day.minusYears(MOST_YEARS);
        while (latest == null) {
            day = months.get(day.getMonthValue())
                    ? day.minusDays(1)
                    : day.withDayOfMonth(1).minusDays(1);
            if (day.isBefore(first)) {
                return Optional.empty();
            }
            latest = isDue(day) ? atOrBefore(LocalTime.MAX) : null;
        }
        return Optional.of(day.atTime(latest));
    }

    /** Whether it matches in every hour, or in every n-th: such a schedule follows elapsed time, not the clock. */
    boolean isEveryHour() {
        return everyHour;
    }

    @Override
    public String toString() {
        return text;
    }

    private boolean isDue(LocalDate day) {
        return months.get(day.getMonthValue()) && days.test(day);
    }

    private @Nullable LocalTime atOrAfter(LocalTime time) {
        int second = seconds.nextSetBit(time.getSecond());
        int minute = minutes.nextSetBit(second < 0 ? time.getMinute() + 1 : time.getMinute());
        int hour = hours.nextSetBit(minute < 0 ? time.getHour() + 1 : time.getHour());
        if (hour < 0) {
            return null;
        }
        if (hour > time.getHour()) {
            return LocalTime.of(hour, minutes.nextSetBit(0), seconds.nextSetBit(0));
        }
        return LocalTime.of(hour, minute, minute > time.getMinute() ? seconds.nextSetBit(0) : second);
    }

    private @Nullable LocalTime atOrBefore(LocalTime time) {
        int second = seconds.previousSetBit(time.getSecond());
        int minute = minutes.previousSetBit(second < 0 ? time.getMinute() - 1 : time.getMinute());
        int hour = hours.previousSetBit(minute < 0 ? time.getHour() - 1 : time.getHour());
        if (hour < 0) {
            return null;
        }
        int lastSecond = seconds.length() - 1;
        if (hour < time.getHour()) {
            return LocalTime.of(hour, minutes.length() - 1, lastSecond);
        }
        return LocalTime.of(hour, minute, minute < time.getMinute() ? lastSecond : second);
    }
}

package io.procrastinate.periodic;

import com.cronutils.model.Cron;
import com.cronutils.model.definition.CronDefinition;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A cron expression as Procrastinate reads it: minute, hour, day of the month, month, day of the week, and optionally, last, the
 * second; or a nickname such as {@code @hourly}. Where both days are restricted, either of them suffices. Sunday is 0 or 7.
 * Knows nothing of time zones: it matches times on a clock on the wall. Immutable and thread-safe.
 */
final class CronExpression {

    /** The fields of the library's definition, in its order: the second comes first there. */
    private static final CronDefinition DEFINITION = CronDefinitionBuilder.defineCron()
            .withSeconds()
            .and()
            .withMinutes()
            .and()
            .withHours()
            .and()
            .withDayOfMonth()
            .supportsL()
            .and()
            .withMonth()
            .and()
            .withDayOfWeek()
            .withValidRange(0, 7)
            .withMondayDoWValue(1)
            .withIntMapping(7, 0)
            .supportsHash()
            .supportsL()
            .and()
            .instance();

    private static final Map<String, String> NICKNAMES = Map.of(
            "@hourly", "0 * * * *",
            "@daily", "0 0 * * *",
            "@midnight", "0 0 * * *",
            "@weekly", "0 0 * * 0",
            "@monthly", "0 0 1 * *",
            "@yearly", "0 0 1 1 *",
            "@annually", "0 0 1 1 *");

    /** A range that runs past the end of its field, such as 22-2 for hours, which the library would misread. */
    private static final Pattern RANGE = Pattern.compile("(\\d+)-(\\d+)(/\\d+)?");

    /** For each field in the original's order, the greatest value, and the least. */
    private static final int[] GREATEST = {59, 23, 31, 12, 7, 59};

    private static final int[] LEAST = {0, 0, 1, 1, 0, 0};

    private final String text;
    private final ExecutionTime times;
    private final boolean everyHour;

    private CronExpression(String text, ExecutionTime times, boolean everyHour) {
        this.text = text;
        this.times = times;
        this.everyHour = everyHour;
    }

    /**
     * Reads an expression.
     *
     * @throws IllegalArgumentException when it is none, or never matches
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
            Cron cron = new CronParser(DEFINITION).parse(secondFirst(fields));
            CronExpression expression = new CronExpression(
                    text, ExecutionTime.forCron(cron), fields.get(1).startsWith("*"));
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
        return times.nextExecution(time.atZone(ZoneOffset.UTC)).map(next -> next.toLocalDateTime());
    }

    /** The last time on the clock that matches, earlier than the given one. */
    Optional<LocalDateTime> before(LocalDateTime time) {
        return times.lastExecution(time.atZone(ZoneOffset.UTC)).map(last -> last.toLocalDateTime());
    }

    /** Whether it matches in every hour, or in every so-many-th: such a schedule is about time passing, not about the clock. */
    boolean isEveryHour() {
        return everyHour;
    }

    @Override
    public String toString() {
        return text;
    }

    private static String secondFirst(List<String> fields) {
        StringBuilder reordered = new StringBuilder(fields.size() == 6 ? unwrapped(fields.get(5), 5) : "0");
        for (int index = 0; index < 5; index++) {
            reordered.append(' ').append(unwrapped(fields.get(index), index));
        }
        return reordered.toString();
    }

    private static String unwrapped(String field, int index) {
        return Arrays.stream(field.split(",", -1))
                .map(part -> unwrappedRange(part, index))
                .collect(Collectors.joining(","));
    }

    private static String unwrappedRange(String part, int index) {
        Matcher range = RANGE.matcher(part);
        if (!range.matches()) {
            return part;
        }
        int from = Integer.parseInt(range.group(1));
        int to = Integer.parseInt(range.group(2));
        if (from <= to) {
            return part;
        }
        if (range.group(3) != null) {
            throw new IllegalArgumentException("the range " + part + " runs past the end with a step; list its values");
        }
        return from + "-" + GREATEST[index] + "," + LEAST[index] + "-" + to;
    }
}

package io.procrastinate.periodic;

import java.util.BitSet;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A field of a cron expression: its range, and how the values of its parts are read. */
enum CronField {
    MINUTE("minute", 0, 59),
    HOUR("hour", 0, 23),
    DAY("day of the month", 1, 31),
    MONTH("month", 1, 12, "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    WEEKDAY("day of the week", 0, 6, "sun", "mon", "tue", "wed", "thu", "fri", "sat"),
    SECOND("second", 0, 59);

    /** A star, or one value or two, and a step: {@code *}{@code /5}, {@code 10/5}, {@code mon-fri}, {@code 22-6/2}. */
    private static final Pattern PART = Pattern.compile("(\\*|\\w+)(?:-(\\w+))?(?:/(\\d+))?");

    private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");

    private final String description;
    private final int least;
    private final int greatest;

    @SuppressWarnings("ImmutableEnumChecker") // made by List.of
    private final List<String> names;

    CronField(String description, int least, int greatest, String... names) {
        this.description = description;
        this.least = least;
        this.greatest = greatest;
        this.names = List.of(names);
    }

    /** The values of a list of parts. */
    BitSet values(String list) {
        BitSet values = new BitSet();
        for (String part : list.split(",", -1)) {
            values.or(part(part));
        }
        return values;
    }

    BitSet all() {
        return stepped(least, greatest, 1);
    }

    /** The values of a part: one value, or a range. */
    BitSet part(String part) {
        Matcher matcher = PART.matcher(part);
        if (!matcher.matches()) {
            throw refused(part, "is not a value, range or step");
        }
        String low = matcher.group(1);
        String high = matcher.group(2);
        int step = matcher.group(3) == null ? 1 : number(part, matcher.group(3));
        if (step == 0) {
            throw refused(part, "has the step 0");
        }
        if (low.equals("*")) {
            if (high != null) {
                throw refused(part, "is a range of a star");
            }
            return stepped(least, greatest, step);
        }
        int from = value(part, low);
        if (high != null) {
            return range(part, from, this == DAY && high.equals("l") ? greatest : value(part, high), low, high, step);
        }
        return matcher.group(3) == null ? stepped(from, from, 1) : stepped(from, greatest, step);
    }

    private BitSet range(String part, int from, int to, String low, String high, int step) {
        if (from == to && low.equals("0") && high.equals("7")) {
            return stepped(least, greatest, step);
        }
        if (from == to) {
            throw refused(
                    part,
                    "begins and ends with the same value, which some implementations read as that value and others"
                            + " as all values: write " + low + " or *");
        }
        return from < to ? stepped(from, to, step) : wrapped(part, from, to, step);
    }

    /** A range past the end of the field, which continues at its beginning. */
    private BitSet wrapped(String part, int from, int to, int step) {
        BitSet values = stepped(from, greatest, step);
        // How far a step leads beyond the beginning.
        int beyond = (step - (greatest + 1 - from) % step) % step;
        if (beyond != 0 && least + beyond <= to) {
            throw refused(
                    part,
                    "has a step that does not meet the beginning of the field, where the range continues: list its"
                            + " values");
        }
        values.or(stepped(least + beyond, to, step));
        return values;
    }

    private static BitSet stepped(int from, int to, int step) {
        BitSet values = new BitSet();
        for (long value = from; value <= to; value += step) {
            values.set((int) value);
        }
        return values;
    }

    /** The value of a number or a name. */
    int value(String part, String text) {
        int named = names.indexOf(text);
        int value = named >= 0 ? named + least : number(part, text);
        if (this == WEEKDAY && value == 7) {
            return 0;
        }
        if (value < least || value > greatest) {
            throw refused(part, "is outside " + least + " to " + (this == WEEKDAY ? 7 : greatest));
        }
        return value;
    }

    private int number(String part, String text) {
        if (!NUMBER.matcher(text).matches()) {
            throw refused(
                    part,
                    "has '" + text + "', which is not a number"
                            + (names.isEmpty() ? "" : ", nor one of " + String.join(", ", names)));
        }
        return Integer.parseInt(text);
    }

    /** The error for a part that cannot be used. */
    IllegalArgumentException refused(String part, String why) {
        return new IllegalArgumentException("the " + description + " '" + part + "' " + why);
    }
}

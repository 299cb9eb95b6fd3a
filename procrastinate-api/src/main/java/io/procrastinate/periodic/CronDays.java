package io.procrastinate.periodic;

import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.temporal.TemporalAdjusters;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The days of a cron expression, by two of its fields. If both are restricted, either suffices; a star, and steps over
 * all days of the month or of the week that leave none out, restrict nothing.
 */
final class CronDays {

    /** The nearest day from Monday to Friday, in the same month. */
    private static final Pattern NEAREST = Pattern.compile("(\\d+)w|w(\\d+)");

    /** The n-th weekday of the month, or a range of weekdays. */
    private static final Pattern NTH = Pattern.compile("(.*)#(\\d+)");

    private static final Pattern LAST_WEEKDAY = Pattern.compile("l(\\d+)");

    private CronDays() {}

    /** Reads both fields. */
    static Predicate<LocalDate> of(String days, String weekdays) {
        Predicate<LocalDate> byDay = days(days, weekdays);
        Predicate<LocalDate> byWeekday = weekdays(weekdays, days);
        if (byDay == null) {
            return byWeekday == null ? date -> true : byWeekday;
        }
        if (byWeekday == null) {
            return byDay;
        }
        if (weekdays.contains("#") || weekdays.contains("l")) {
            throw CronField.WEEKDAY.refused(
                    weekdays, "cannot be combined with the day of the month '" + days + "': one of them must be *");
        }
        if (days.contains("w")) {
            throw CronField.DAY.refused(
                    days, "cannot be combined with the day of the week '" + weekdays + "': one of them must be *");
        }
        return byDay.or(byWeekday);
    }

    private static @Nullable Predicate<LocalDate> days(String field, String weekdays) {
        Matcher nearest = NEAREST.matcher(field);
        if (nearest.matches()) {
            String day = nearest.group(1) == null ? nearest.group(2) : nearest.group(1);
            return nearestTo(CronField.DAY.value(field, day));
        }
        BitSet values = new BitSet();
        boolean last = false;
        for (String part : parts(field)) {
            if (part.equals("l")) {
                last = true;
            } else if (NEAREST.matcher(part).matches()) {
                throw CronField.DAY.refused(field, "has W in a list: it must stand alone");
            } else {
                values.or(CronField.DAY.part(part));
            }
        }
        if (hasStar(field) || (!last && values.equals(CronField.DAY.all()) && weekdays.contains("*"))) {
            return null;
        }
        boolean orLast = last;
        return date -> values.get(date.getDayOfMonth()) || (orLast && date.getDayOfMonth() == date.lengthOfMonth());
    }

    private static Predicate<LocalDate> nearestTo(int day) {
        return date -> {
            LocalDate wanted = date.withDayOfMonth(Math.min(day, date.lengthOfMonth()));
            int shift = switch (wanted.getDayOfWeek()) {
                case SATURDAY -> wanted.getDayOfMonth() > 1 ? -1 : 2;
                case SUNDAY -> wanted.getDayOfMonth() < wanted.lengthOfMonth() ? 1 : -2;
                default -> 0;
            };
            return date.equals(wanted.plusDays(shift));
        };
    }

    private static @Nullable Predicate<LocalDate> weekdays(String field, String days) {
        BitSet values = new BitSet();
        Predicate<LocalDate> ofMonth = date -> false;
        int special = 0;
        String[] parts = parts(field);
        for (String part : parts) {
            Matcher nth = NTH.matcher(part);
            Matcher last = LAST_WEEKDAY.matcher(part);
            if (nth.matches()) {
                ofMonth = ofMonth.or(nth(part, CronField.WEEKDAY.part(nth.group(1)), nth.group(2)));
                special++;
            } else if (last.matches()) {
                DayOfWeek weekday = weekday(CronField.WEEKDAY.value(part, last.group(1)));
                ofMonth = ofMonth.or(date -> date.equals(date.with(TemporalAdjusters.lastInMonth(weekday))));
                special++;
            } else {
                values.or(CronField.WEEKDAY.part(part));
            }
        }
        if (special == parts.length) {
            return ofMonth;
        }
        if (special > 0) {
            throw CronField.WEEKDAY.refused(
                    field, "mixes days of every week with those of a month (# or L), which has no agreed meaning");
        }
        if (hasStar(field) || (values.equals(CronField.WEEKDAY.all()) && days.contains("*"))) {
            return null;
        }
        return date -> values.get(date.getDayOfWeek().getValue() % 7);
    }

    private static Predicate<LocalDate> nth(String part, BitSet weekdays, String text) {
        if (!text.matches("[1-5]")) {
            throw CronField.WEEKDAY.refused(part, "has a number outside 1 to 5");
        }
        int nth = Integer.parseInt(text);
        return date -> weekdays.get(date.getDayOfWeek().getValue() % 7) && (date.getDayOfMonth() + 6) / 7 == nth;
    }

    private static DayOfWeek weekday(int value) {
        return DayOfWeek.of(value == 0 ? 7 : value);
    }

    /** A question mark is a star, if it stands alone. */
    private static String[] parts(String field) {
        return field.equals("?") ? new String[] {"*"} : field.split(",", -1);
    }

    /** A star in a list makes all of it a star. */
    private static boolean hasStar(String field) {
        return Arrays.asList(parts(field)).contains("*");
    }
}

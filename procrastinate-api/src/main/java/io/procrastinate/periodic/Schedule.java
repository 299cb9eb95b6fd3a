package io.procrastinate.periodic;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.List;
import java.util.Optional;

/**
 * When a periodic task is due: a cron expression in a time zone. The expression has five fields (minute, hour, day of
 * the month, month, day of the week), or six with the second last, or is a nickname such as {@code @daily}. The zone is
 * UTC unless set, as in Procrastinate. Immutable and thread-safe.
 *
 * <p>A field is a star, a value, a range, or one of these with a step, or a list of them: {@code *}{@code /10},
 * {@code 5}, {@code mon-fri}, {@code 8-18/2}, {@code 10/15} (from 10 to the end of the field), {@code 1,15}. Months and
 * days of the week have English names of three letters; Sunday is 0 or 7. A range may run past the end of its field:
 * {@code nov-feb}, {@code fri-mon}, {@code 22-6}. In the day of the month, {@code L} is the last day, and {@code 15W}
 * the day from Monday to Friday nearest to the 15th; in the day of the week, {@code fri#2} is the second Friday of the
 * month, and {@code L5} the last one. {@code ?} is a star for either day. If both days are restricted, either suffices.
 *
 * <p>This is how croniter, the library of Procrastinate, reads expressions. What other implementations read differently
 * is refused: a range of one value, a step that does not meet the beginning of the field although its range continues
 * there, {@code #}, {@code L} of a weekday or {@code W} together with the other day, or a list that mixes them with
 * days of every week.
 *
 * <p>When daylight saving shifts the clock, a schedule for certain hours is still due once a day: a time that the clock
 * skips is due at the instant of the shift, and one that the clock shows twice is due the first time. A schedule whose
 * hour is {@code *} or {@code *}{@code /n} is due whenever the clock shows a matching time: twice in a repeated hour,
 * not at all in a skipped one.
 */
public final class Schedule {

    /** No clock is set back by more at once. */
    private static final Duration LONGEST_SHIFT = Duration.ofHours(3);

    private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("9999-12-31T23:59:59Z");

    private final CronExpression cron;
    private final ZoneId zone;

    private Schedule(CronExpression cron, ZoneId zone) {
        this.cron = cron;
        this.zone = zone;
    }

    /**
     * A schedule in UTC.
     *
     * @throws IllegalArgumentException if the text is not a cron expression, or never matches; the message names the
     *     field
     */
    public static Schedule cron(String expression) {
        return new Schedule(CronExpression.of(expression), ZoneOffset.UTC);
    }

    /** This schedule in another time zone. */
    public Schedule zone(ZoneId timeZone) {
        return new Schedule(cron, timeZone);
    }

    /** The first instant after the given one at which it is due, within the years 1 to 9999. */
    public Optional<Instant> after(Instant instant) {
        if (instant.isAfter(LAST)) {
            return Optional.empty();
        }
        Instant start = instant.isBefore(FIRST) ? FIRST.minusNanos(1) : instant;
        return cron.isEveryHour() ? passingAfter(start) : onTheClockAfter(start);
    }

    /** The last instant at or before the given one at which it was due, within the years 1 to 9999. */
    public Optional<Instant> atOrBefore(Instant instant) {
        if (instant.isBefore(FIRST)) {
            return Optional.empty();
        }
        Instant start = instant.isAfter(LAST) ? LAST : instant;
        return cron.isEveryHour() ? passingAtOrBefore(start) : onTheClockAtOrBefore(start);
    }

    /** The time zone of the schedule. */
    public ZoneId zone() {
        return zone;
    }

    /** The expression and the zone. */
    @Override
    public String toString() {
        return cron + " " + zone;
    }

    /** Each time on the clock maps to one instant, and a later time never to an earlier instant. */
    private Optional<Instant> onTheClockAfter(Instant instant) {
        Optional<LocalDateTime> time = cron.after(clock(instant));
        while (time.isPresent()) {
            Instant due = instant(time.get());
            if (due.isAfter(instant)) {
                return Optional.of(due);
            }
            time = cron.after(time.get());
        }
        return Optional.empty();
    }

    private Optional<Instant> onTheClockAtOrBefore(Instant instant) {
        LocalDateTime start = clock(instant).plusNanos(1);
        // In the second pass of a repeated hour, the clock has already shown later times.
        Optional<LocalDateTime> time = cron.before(zone.getRules().isFixedOffset() ? start : start.plus(LONGEST_SHIFT));
        while (time.isPresent()) {
            Instant due = instant(time.get());
            if (!due.isAfter(instant)) {
                return Optional.of(due);
            }
            time = cron.before(time.get());
        }
        return Optional.empty();
    }

    private Instant instant(LocalDateTime time) {
        ZoneRules rules = zone.getRules();
        List<ZoneOffset> offsets = rules.getValidOffsets(time);
        return offsets.isEmpty() ? rules.getTransition(time).getInstant() : time.toInstant(offsets.get(0));
    }

    /** Between two shifts the clock runs evenly: searches one such period after the other. */
    private Optional<Instant> passingAfter(Instant instant) {
        ZoneRules rules = zone.getRules();
        Instant from = instant;
        while (true) {
            ZoneOffset offset = rules.getOffset(from);
            Optional<LocalDateTime> time = cron.after(LocalDateTime.ofInstant(from, offset));
            ZoneOffsetTransition shift = rules.nextTransition(from);
            if (time.isEmpty()) {
                return Optional.empty();
            }
            Instant due = time.get().toInstant(offset);
            if (shift == null || due.isBefore(shift.getInstant())) {
                return Optional.of(due);
            }
            if (isDueAt(shift.getInstant())) {
                return Optional.of(shift.getInstant());
            }
            from = shift.getInstant();
        }
    }

    private Optional<Instant> passingAtOrBefore(Instant instant) {
        ZoneRules rules = zone.getRules();
        Instant until = instant;
        while (true) {
            if (isDueAt(until)) {
                return Optional.of(until);
            }
            ZoneOffset offset = rules.getOffset(until.minusNanos(1));
            Optional<LocalDateTime> time = cron.before(LocalDateTime.ofInstant(until, offset));
            ZoneOffsetTransition shift = rules.previousTransition(until);
            if (time.isEmpty()) {
                return Optional.empty();
            }
            Instant due = time.get().toInstant(offset);
            if (shift == null || !due.isBefore(shift.getInstant())) {
                return Optional.of(due);
            }
            until = shift.getInstant();
        }
    }

    private boolean isDueAt(Instant instant) {
        LocalDateTime time = clock(instant);
        return cron.after(time.minusNanos(1)).filter(time::equals).isPresent();
    }

    private LocalDateTime clock(Instant instant) {
        return LocalDateTime.ofInstant(instant, zone);
    }
}

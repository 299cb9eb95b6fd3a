package io.procrastinate.task;

import io.procrastinate.job.NewJob;
import io.procrastinate.periodic.Schedule;
import java.time.ZoneId;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A schedule on which workers defer a task's job: exactly once for each time, however many workers there are, in Java
 * or Python. The job's argument {@code timestamp} is its scheduled time, a whole number of seconds since 1970; a task
 * without such an argument runs without it. If a value is null, the task's own counts. Immutable.
 *
 * <p>Each option returns a changed copy. A value that cannot be stored is refused with
 * {@link io.procrastinate.exception.InvalidJobException}; arguments are checked when the task is registered with an
 * app, because its codec writes them.
 */
public final class Periodic {

    /** The argument that holds a job's scheduled time. */
    static final String TIMESTAMP = "timestamp";

    private final Values values;

    private Periodic(Values values) {
        this.values = values;
    }

    /**
     * Returns a schedule by a cron expression, in UTC: see {@link Schedule}.
     *
     * @throws IllegalArgumentException if the text is not a cron expression, or never matches
     */
    public static Periodic cron(String expression) {
        return of(Schedule.cron(expression));
    }

    /** Returns one with a schedule. */
    public static Periodic of(Schedule schedule) {
        return new Periodic(new Values(schedule, "", null, null, null, null, Map.of()));
    }

    /** Returns a copy in another time zone. */
    public Periodic zone(ZoneId zone) {
        return with(draft -> draft.schedule = draft.schedule.zone(zone));
    }

    /**
     * Returns a copy with an id.
     *
     * @throws IllegalArgumentException if it has more than {@value NewJob#MOST_NAME_CHARACTERS} characters
     */
    public Periodic id(String periodicId) {
        return with(draft -> draft.id = periodicId);
    }

    /** Returns a copy with another queue. */
    public Periodic queue(String name) {
        return with(draft -> draft.queue = name);
    }

    /** Returns a copy with another priority. */
    public Periodic priority(int value) {
        return with(draft -> draft.priority = value);
    }

    /** Returns a copy with a lock. */
    public Periodic lock(String name) {
        return with(draft -> draft.lock = name);
    }

    /** Returns a copy with a queueing lock. */
    public Periodic queueingLock(String name) {
        return with(draft -> draft.queueingLock = name);
    }

    /**
     * Returns a copy with further arguments.
     *
     * @throws IllegalArgumentException if {@code timestamp} is among them
     */
    public Periodic args(Map<String, @Nullable Object> further) {
        return with(draft -> draft.args = further);
    }

    /** When its jobs are due. */
    public Schedule schedule() {
        return values.schedule;
    }

    /** Distinguishes several schedules of one task; empty for the only one. */
    public String id() {
        return values.id;
    }

    /** The queue of the jobs. */
    public @Nullable String queue() {
        return values.queue;
    }

    /** The priority of the jobs. */
    public @Nullable Integer priority() {
        return values.priority;
    }

    /** The lock of the jobs. */
    public @Nullable String lock() {
        return values.lock;
    }

    /** The queueing lock of the jobs; a time at which it is taken is skipped. */
    public @Nullable String queueingLock() {
        return values.queueingLock;
    }

    /** Further arguments of the jobs. */
    public Map<String, @Nullable Object> args() {
        return values.args;
    }

    private Periodic with(Consumer<Draft> change) {
        Draft draft = new Draft(values);
        change.accept(draft);
        return new Periodic(draft.values());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Periodic that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return values.toString().replaceFirst("Values", "Periodic");
    }

    /** Not public, so that another component breaks no caller. */
    private record Values(
            Schedule schedule,
            String id,
            @Nullable String queue,
            @Nullable Integer priority,
            @Nullable String lock,
            @Nullable String queueingLock,
            Map<String, @Nullable Object> args) {

        Values {
            NewJob.requireText("periodic id", id);
            if (id.length() > NewJob.MOST_NAME_CHARACTERS) {
                throw new IllegalArgumentException("The periodic id '" + id + "' has " + id.length()
                        + " characters, at most " + NewJob.MOST_NAME_CHARACTERS + " are possible");
            }
            if (queue != null) {
                NewJob.requireQueue(queue);
            }
            NewJob.requireText("lock", lock);
            NewJob.requireText("queueing lock", queueingLock);
            if (args.containsKey(TIMESTAMP)) {
                throw new IllegalArgumentException("The schedule itself sets the argument timestamp");
            }
            args = Collections.unmodifiableMap(new LinkedHashMap<>(args));
        }
    }

    /** The values while they are being changed. */
    private static final class Draft {

        private Schedule schedule;
        private String id;
        private @Nullable String queue;
        private @Nullable Integer priority;
        private @Nullable String lock;
        private @Nullable String queueingLock;
        private Map<String, @Nullable Object> args;

        Draft(Values values) {
            this.schedule = values.schedule;
            this.id = values.id;
            this.queue = values.queue;
            this.priority = values.priority;
            this.lock = values.lock;
            this.queueingLock = values.queueingLock;
            this.args = values.args;
        }

        Values values() {
            return new Values(schedule, id, queue, priority, lock, queueingLock, args);
        }
    }
}

package io.procrastinate.task;

import io.procrastinate.job.NewJob;
import io.procrastinate.periodic.Schedule;
import java.time.ZoneId;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * That workers defer a job of a task by themselves whenever a schedule is due: exactly once for each time, however many workers
 * there are, in Java or Python. The job finds the time for which it is in its argument {@code timestamp}, a whole number of
 * seconds since 1970; a task that has no place for that argument runs without. What is null is the task's own.
 *
 * @param schedule when
 * @param id tells several schedules of one task apart; empty for the only one
 * @param queue the queue of the jobs
 * @param priority the priority of the jobs
 * @param lock the lock of the jobs
 * @param queueingLock the queueing lock of the jobs; a time at which it is taken is skipped
 * @param args further arguments of the jobs
 */
public record Periodic(
        Schedule schedule,
        String id,
        @Nullable String queue,
        @Nullable Integer priority,
        @Nullable String lock,
        @Nullable String queueingLock,
        Map<String, @Nullable Object> args) {

    /** The argument in which a job finds the time for which it is. */
    static final String TIMESTAMP = "timestamp";

    /**
     * Checks the names and copies the arguments. Whether those can be stored is checked when the task is registered with an app,
     * which writes them.
     *
     * @throws io.procrastinate.exception.InvalidJobException when the queue, a lock or the id cannot be stored
     * @throws IllegalArgumentException when the id is too long, or the argument {@code timestamp} is given
     */
    public Periodic {
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
            throw new IllegalArgumentException("The argument timestamp is given by the schedule");
        }
        args = Collections.unmodifiableMap(new LinkedHashMap<>(args));
    }

    /**
     * By a cron expression, in UTC: see {@link Schedule}.
     *
     * @throws IllegalArgumentException when the expression is none, or never matches
     */
    public static Periodic cron(String expression) {
        return new Periodic(Schedule.cron(expression), "", null, null, null, null, Map.of());
    }

    /** The same by the clocks of another zone. */
    public Periodic zone(ZoneId zone) {
        return new Periodic(schedule.zone(zone), id, queue, priority, lock, queueingLock, args);
    }

    /** The same with an id. */
    public Periodic id(String periodicId) {
        return new Periodic(schedule, periodicId, queue, priority, lock, queueingLock, args);
    }

    /** The same in another queue. */
    public Periodic queue(String name) {
        return new Periodic(schedule, id, name, priority, lock, queueingLock, args);
    }

    /** The same with another priority. */
    public Periodic priority(int value) {
        return new Periodic(schedule, id, queue, value, lock, queueingLock, args);
    }

    /** The same with a lock. */
    public Periodic lock(String name) {
        return new Periodic(schedule, id, queue, priority, name, queueingLock, args);
    }

    /** The same with a queueing lock. */
    public Periodic queueingLock(String name) {
        return new Periodic(schedule, id, queue, priority, lock, name, args);
    }

    /** The same with further arguments. */
    public Periodic args(Map<String, @Nullable Object> further) {
        return new Periodic(schedule, id, queue, priority, lock, queueingLock, further);
    }
}

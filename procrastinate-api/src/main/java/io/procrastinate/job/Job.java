package io.procrastinate.job;

import io.procrastinate.connector.Row;
import io.procrastinate.json.PythonText;
import io.procrastinate.text.Printable;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A job as it stood in the database when it was read.
 *
 * @param id the id, given by the database
 * @param status where the job stood
 * @param queue the queue it is in
 * @param taskName the name of the task that runs it
 * @param priority the greater, the sooner; 0 unless something else was asked for
 * @param lock jobs of one lock run one at a time, in order; null for none
 * @param queueingLock among waiting jobs only one may have this lock; null for none
 * @param args the arguments, a JSON object
 * @param scheduledAt not before this instant, by the database's clock; null for at once
 * @param attempts how many runs have ended before
 * @param abortRequested whether the job has been asked to stop
 * @param workerId the worker that fetched it last, or null
 */
public record Job(
        long id,
        JobStatus status,
        String queue,
        String taskName,
        int priority,
        @Nullable String lock,
        @Nullable String queueingLock,
        String args,
        @Nullable Instant scheduledAt,
        int attempts,
        boolean abortRequested,
        @Nullable Long workerId) {

    /** Reads a job from a row that has the columns of the queries in {@code queries.sql}. */
    public static Job of(Row row, JobStatus status, @Nullable Long workerId) {
        return new Job(
                row.bigint("id"),
                status,
                row.text("queue_name"),
                row.text("task_name"),
                row.integer("priority"),
                row.textOrNull("lock"),
                row.textOrNull("queueing_lock"),
                row.text("args"),
                row.instantOrNull("scheduled_at"),
                row.integer("attempts"),
                row.bool("abort_requested"),
                workerId);
    }

    /**
     * The job for people: {@code task[id](name=value, ...)}, as in Procrastinate's logs, on one line. Arguments appear as they are:
     * mind what you log.
     */
    public String callString() {
        return callString(Integer.MAX_VALUE);
    }

    /**
     * The job for people, as {@link #callString()}, with no more of its arguments than it is to show.
     *
     * @param mostCharacters how many characters of the arguments to show, at least 0; {@value Printable#CUT} stands for the rest
     */
    public String callString(int mostCharacters) {
        return Printable.text(taskName) + "[" + id + "]" + PythonText.call(args, mostCharacters);
    }
}

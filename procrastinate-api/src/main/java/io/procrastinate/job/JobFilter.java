package io.procrastinate.job;

import io.procrastinate.driver.Durations;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Which jobs to list: those that match every value that is not null, in the order of their ids. Immutable. */
public final class JobFilter {

    /** All jobs, without a limit. */
    public static final JobFilter ALL =
            new JobFilter(new Values(null, null, null, null, null, null, null, null, 0, Integer.MAX_VALUE));

    private final Values values;

    private JobFilter(Values values) {
        this.values = values;
    }

    /** Returns a copy that also requires a queue. */
    public JobFilter queue(String name) {
        return with(draft -> draft.queue = name);
    }

    /** Returns a copy that also requires a task. */
    public JobFilter taskName(String name) {
        return with(draft -> draft.taskName = name);
    }

    /** Returns a copy that also requires a status. */
    public JobFilter status(JobStatus wanted) {
        return with(draft -> draft.status = wanted);
    }

    /** Returns a copy that also requires an id. */
    public JobFilter id(long wanted) {
        return with(draft -> draft.id = wanted);
    }

    /** Returns a copy that also requires a lock. */
    public JobFilter lock(String wanted) {
        return with(draft -> draft.lock = wanted);
    }

    /** Returns a copy that also requires a queueing lock. */
    public JobFilter queueingLock(String wanted) {
        return with(draft -> draft.queueingLock = wanted);
    }

    /** Returns a copy that also requires the worker that fetched the job last. */
    public JobFilter workerId(long wanted) {
        return with(draft -> draft.workerId = wanted);
    }

    /**
     * Returns a copy that also requires running jobs whose worker has sent no heartbeat for a time, by the database's
     * clock, or is gone: by default, workers rescue these.
     *
     * @param withoutHeartbeat not negative; longer values are capped at 100 years. By default, workers send a heartbeat
     *     every 10 seconds
     */
    public JobFilter stalledFor(Duration withoutHeartbeat) {
        return with(draft -> draft.stalledFor = withoutHeartbeat);
    }

    /**
     * The page after a job.
     *
     * @param after the last id of the page before, 0 for the first page
     * @param size how many jobs a page has at most, at least 1
     * @throws IllegalArgumentException if the size is less than 1
     */
    public JobFilter page(long after, int size) {
        return with(draft -> {
            draft.afterId = after;
            draft.limit = size;
        });
    }

    /** The job's id. */
    public @Nullable Long id() {
        return values.id;
    }

    /** The queue's name. */
    public @Nullable String queue() {
        return values.queue;
    }

    /** The task's name. */
    public @Nullable String taskName() {
        return values.taskName;
    }

    /** The status. */
    public @Nullable JobStatus status() {
        return values.status;
    }

    /** The lock. */
    public @Nullable String lock() {
        return values.lock;
    }

    /** The queueing lock. */
    public @Nullable String queueingLock() {
        return values.queueingLock;
    }

    /** The worker that fetched the job last. */
    public @Nullable Long workerId() {
        return values.workerId;
    }

    /** Only running jobs whose worker has sent no heartbeat for this long, or is gone. */
    public @Nullable Duration stalledFor() {
        return values.stalledFor;
    }

    /** Only jobs with a greater id, to read page after page; 0 for all. */
    public long afterId() {
        return values.afterId;
    }

    /** How many jobs to list at most, at least 1. */
    public int limit() {
        return values.limit;
    }

    private JobFilter with(Consumer<Draft> change) {
        Draft draft = new Draft(values);
        change.accept(draft);
        return new JobFilter(draft.values());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof JobFilter that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return values.toString().replaceFirst("Values", "JobFilter");
    }

    /** Not public, so that another component breaks no caller. */
    private record Values(
            @Nullable Long id,
            @Nullable String queue,
            @Nullable String taskName,
            @Nullable JobStatus status,
            @Nullable String lock,
            @Nullable String queueingLock,
            @Nullable Long workerId,
            @Nullable Duration stalledFor,
            long afterId,
            int limit) {

        Values {
            if (stalledFor != null) {
                stalledFor = Durations.notNegative("time without a heartbeat", stalledFor);
            }
            if (limit < 1) {
                throw new IllegalArgumentException("The limit is " + limit + ", it must be at least 1");
            }
        }
    }

    /** The values while they are being changed. */
    private static final class Draft {

        private @Nullable Long id;
        private @Nullable String queue;
        private @Nullable String taskName;
        private @Nullable JobStatus status;
        private @Nullable String lock;
        private @Nullable String queueingLock;
        private @Nullable Long workerId;
        private @Nullable Duration stalledFor;
        private long afterId;
        private int limit;

        Draft(Values values) {
            this.id = values.id;
            this.queue = values.queue;
            this.taskName = values.taskName;
            this.status = values.status;
            this.lock = values.lock;
            this.queueingLock = values.queueingLock;
            this.workerId = values.workerId;
            this.stalledFor = values.stalledFor;
            this.afterId = values.afterId;
            this.limit = values.limit;
        }

        Values values() {
            return new Values(id, queue, taskName, status, lock, queueingLock, workerId, stalledFor, afterId, limit);
        }
    }
}

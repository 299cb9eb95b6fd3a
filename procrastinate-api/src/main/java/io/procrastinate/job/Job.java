package io.procrastinate.job;

import io.procrastinate.annotation.Internal;
import io.procrastinate.connector.Row;
import io.procrastinate.json.JsonTexts;
import io.procrastinate.json.PythonText;
import io.procrastinate.text.Printable;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A job as it was in the database when it was read. Immutable.
 *
 * <p>Its times, its error and its result are null if the tables do not have the layout of this library
 * ({@link io.procrastinate.schema.SchemaLayout#OPTIMIZED}).
 */
public final class Job {

    private final Values values;

    private Job(Values values) {
        this.values = values;
    }

    /**
     * Starts a job that looks as if it had just been fetched for the first time: status {@link JobStatus#DOING}, queue
     * {@value NewJob#DEFAULT_QUEUE}, priority 0, no locks, no arguments. The database creates real jobs; this is for
     * tests, such as those of a retry strategy. Nothing is checked.
     */
    public static Builder builder(long id, String taskName) {
        return new Builder(id, taskName);
    }

    /**
     * Reads a job from a row that has the columns of the queries in {@code queries.sql}.
     *
     * @hidden
     */
    @Internal
    public static Job of(Row row, JobStatus status, @Nullable Long workerId) {
        return new Job(new Values(
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
                workerId,
                row.instantOrNull("deferred_at"),
                row.instantOrNull("started_at"),
                row.instantOrNull("ended_at"),
                row.textOrNull("error"),
                row.textOrNull("result"),
                row.textOrNull("headers")));
    }

    /**
     * The job for people to read: {@code task[id](name=value, ...)}, as in Procrastinate's logs, on one line. Arguments
     * are not masked: be careful what you log.
     */
    public String callString() {
        return callString(Integer.MAX_VALUE);
    }

    /**
     * The job for people to read, as {@link #callString()}, with a limited part of its arguments.
     *
     * @param mostCharacters how many characters of the arguments to show, at least 0; {@code [...]} stands for the rest
     */
    public String callString(int mostCharacters) {
        return Printable.text(values.taskName) + "[" + values.id + "]" + PythonText.call(values.args, mostCharacters);
    }

    /** The id, given by the database. */
    public long id() {
        return values.id;
    }

    /** The status. */
    public JobStatus status() {
        return values.status;
    }

    /** The queue. */
    public String queue() {
        return values.queue;
    }

    /** The name of the task that runs it. */
    public String taskName() {
        return values.taskName;
    }

    /** Higher values run first; 0 unless set. */
    public int priority() {
        return values.priority;
    }

    /** Jobs of one lock run one at a time, in order; null for none. */
    public @Nullable String lock() {
        return values.lock;
    }

    /** Only one waiting job may have this lock; null for none. */
    public @Nullable String queueingLock() {
        return values.queueingLock;
    }

    /** The arguments, a JSON object. */
    public String args() {
        return values.args;
    }

    /** The job does not run before this instant, by the database's clock; null for immediately. */
    public @Nullable Instant scheduledAt() {
        return values.scheduledAt;
    }

    /** How many runs have already ended. */
    public int attempts() {
        return values.attempts;
    }

    /** Whether the job has been asked to stop. */
    public boolean abortRequested() {
        return values.abortRequested;
    }

    /** The worker that fetched it last, or null. */
    public @Nullable Long workerId() {
        return values.workerId;
    }

    /** When it was deferred, by the database's clock; null if unknown. */
    public @Nullable Instant deferredAt() {
        return values.deferredAt;
    }

    /** When its current or last run began, by the database's clock; null for a waiting job, or if unknown. */
    public @Nullable Instant startedAt() {
        return values.startedAt;
    }

    /** When it ended, by the database's clock; null if it has not ended, or if unknown. */
    public @Nullable Instant endedAt() {
        return values.endedAt;
    }

    /**
     * Why its last run failed: the failure's class, message and first stack frames, unless
     * {@link io.procrastinate.worker.WorkerOptions} say otherwise; null if it did not fail, or if unknown.
     */
    public @Nullable String error() {
        return values.error;
    }

    /** What its last run returned, as JSON, if its task stores results; null if there is none, or if unknown. */
    public @Nullable String result() {
        return values.result;
    }

    /** What was said about the job when it was deferred, by name: see {@link NewJob#header}. Empty if nothing was. */
    public Map<String, String> headers() {
        return values.headers == null ? Map.of() : JsonTexts.read(values.headers);
    }

    /**
     * How long it waited for its last run: since it was deferred, or since its scheduled time if that is later.
     *
     * @return null if it has not run yet, or if its times are unknown
     */
    public @Nullable Duration waited() {
        Instant deferred = values.deferredAt;
        Instant scheduled = values.scheduledAt;
        Instant started = values.startedAt;
        if (deferred == null || started == null) {
            return null;
        }
        Instant since = scheduled != null && scheduled.isAfter(deferred) ? scheduled : deferred;
        return since.isAfter(started) ? Duration.ZERO : Duration.between(since, started);
    }

    /**
     * How long its last run took.
     *
     * @return null if it has not ended, did not run, or if its times are unknown
     */
    public @Nullable Duration ran() {
        return values.startedAt == null || values.endedAt == null
                ? null
                : Duration.between(values.startedAt, values.endedAt);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Job that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return values.toString().replaceFirst("Values", "Job");
    }

    /** Not public, so that another component breaks no caller. */
    private record Values(
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
            @Nullable Long workerId,
            @Nullable Instant deferredAt,
            @Nullable Instant startedAt,
            @Nullable Instant endedAt,
            @Nullable String error,
            @Nullable String result,
            @Nullable String headers) {}

    /** Collects the values of a job. Not thread-safe. */
    public static final class Builder {

        private final long id;
        private final String taskName;
        private JobStatus status = JobStatus.DOING;
        private String queue = NewJob.DEFAULT_QUEUE;
        private int priority;
        private @Nullable String lock;
        private @Nullable String queueingLock;
        private String args = "{}";
        private @Nullable Instant scheduledAt;
        private int attempts;
        private boolean abortRequested;
        private @Nullable Long workerId;
        private @Nullable Instant deferredAt;
        private @Nullable Instant startedAt;
        private @Nullable Instant endedAt;
        private @Nullable String error;
        private @Nullable String result;
        private final Map<String, String> headers = new TreeMap<>();

        private Builder(long id, String taskName) {
            this.id = id;
            this.taskName = taskName;
        }

        /** Sets the status. */
        public Builder status(JobStatus value) {
            this.status = value;
            return this;
        }

        /** Sets the queue. */
        public Builder queue(String value) {
            this.queue = value;
            return this;
        }

        /** Sets the priority. */
        public Builder priority(int value) {
            this.priority = value;
            return this;
        }

        /** Sets the lock, or none. */
        public Builder lock(@Nullable String value) {
            this.lock = value;
            return this;
        }

        /** Sets the queueing lock, or none. */
        public Builder queueingLock(@Nullable String value) {
            this.queueingLock = value;
            return this;
        }

        /** Sets the arguments, a JSON object. */
        public Builder args(String value) {
            this.args = value;
            return this;
        }

        /** Sets the instant before which the job does not run, or none. */
        public Builder scheduledAt(@Nullable Instant value) {
            this.scheduledAt = value;
            return this;
        }

        /** Sets how many runs have already ended. */
        public Builder attempts(int value) {
            this.attempts = value;
            return this;
        }

        /** Sets whether the job has been asked to stop. */
        public Builder abortRequested(boolean value) {
            this.abortRequested = value;
            return this;
        }

        /** Sets the worker that fetched it last, or none. */
        public Builder workerId(@Nullable Long value) {
            this.workerId = value;
            return this;
        }

        /** Sets when it was deferred, or nothing. */
        public Builder deferredAt(@Nullable Instant value) {
            this.deferredAt = value;
            return this;
        }

        /** Sets when its last run began, or nothing. */
        public Builder startedAt(@Nullable Instant value) {
            this.startedAt = value;
            return this;
        }

        /** Sets when it ended, or nothing. */
        public Builder endedAt(@Nullable Instant value) {
            this.endedAt = value;
            return this;
        }

        /** Sets the error of its last run, or none. */
        public Builder error(@Nullable String value) {
            this.error = value;
            return this;
        }

        /** Sets the result of its last run, JSON, or none. */
        public Builder result(@Nullable String value) {
            this.result = value;
            return this;
        }

        /** Sets a header. */
        public Builder header(String name, String value) {
            this.headers.put(name, value);
            return this;
        }

        /** Completes the job. */
        public Job build() {
            return new Job(new Values(
                    id,
                    status,
                    queue,
                    taskName,
                    priority,
                    lock,
                    queueingLock,
                    args,
                    scheduledAt,
                    attempts,
                    abortRequested,
                    workerId,
                    deferredAt,
                    startedAt,
                    endedAt,
                    error,
                    result,
                    headers.isEmpty() ? null : JsonTexts.write(headers)));
        }
    }
}

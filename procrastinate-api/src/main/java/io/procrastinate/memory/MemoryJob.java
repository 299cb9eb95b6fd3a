package io.procrastinate.memory;

import io.procrastinate.connector.Row;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobStatus;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A row of the jobs table. Guarded by its table. */
final class MemoryJob {

    private static final Row.Columns COLUMNS = Row.columns(List.of(
            "id",
            "queue_name",
            "task_name",
            "priority",
            "lock",
            "queueing_lock",
            "args",
            "status",
            "scheduled_at",
            "attempts",
            "abort_requested",
            "worker_id"));

    final long id;
    final String taskName;
    final @Nullable String queueingLock;
    final String args;
    String queue;
    int priority;

    @Nullable
    String lock;

    JobStatus status = JobStatus.TODO;

    @Nullable
    Instant scheduledAt;

    int attempts;
    boolean abortRequested;

    @Nullable
    Long workerId;

    Instant lastEventAt;

    MemoryJob(
            long id,
            String queue,
            String taskName,
            int priority,
            @Nullable String lock,
            @Nullable String queueingLock,
            String args,
            @Nullable Instant scheduledAt,
            Instant now) {
        this.id = id;
        this.queue = queue;
        this.taskName = taskName;
        this.priority = priority;
        this.lock = lock;
        this.queueingLock = queueingLock;
        this.args = MemoryValues.stored(args);
        this.scheduledAt = scheduledAt;
        this.lastEventAt = now;
    }

    boolean is(JobStatus wanted) {
        return status == wanted;
    }

    /** Whether a fetch takes this job of its lock before the other one. */
    boolean ranksBefore(MemoryJob other) {
        return priority != other.priority ? priority > other.priority : id < other.id;
    }

    boolean isDue(Instant now) {
        return scheduledAt == null || !scheduledAt.isAfter(now);
    }

    Row row() {
        return COLUMNS.row(
                id,
                queue,
                taskName,
                priority,
                lock,
                queueingLock,
                args,
                status.text(),
                scheduledAt,
                attempts,
                abortRequested,
                workerId);
    }

    Job job() {
        return Job.of(row(), status, workerId);
    }
}

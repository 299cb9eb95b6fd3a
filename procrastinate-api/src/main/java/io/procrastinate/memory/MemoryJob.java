package io.procrastinate.memory;

import io.procrastinate.connector.Row;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobStatus;
import java.time.Instant;
import java.util.ArrayList;
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
            "worker_id",
            "deferred_at",
            "started_at",
            "ended_at",
            "error",
            "result",
            "headers"));

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

    final Instant deferredAt;
    final List<MemoryEvent> events = new ArrayList<>();

    @Nullable
    Instant startedAt;

    @Nullable
    Instant endedAt;

    @Nullable
    String error;

    @Nullable
    String result;

    @Nullable
    String headers;

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
        this.deferredAt = now;
        scheduled();
        events.add(new MemoryEvent("deferred", now));
    }

    private void scheduled() {
        if (scheduledAt != null) {
            events.add(new MemoryEvent("scheduled", scheduledAt));
        }
    }

    /** Notes what a change of the status is, as the database does. */
    void become(JobStatus next, Instant now) {
        String event = switch (status) {
            case TODO -> next == JobStatus.DOING ? "started" : next == JobStatus.ABORTED ? null : "cancelled";
            case DOING -> next == JobStatus.TODO ? "deferred_for_retry" : next.text();
            default -> next == JobStatus.TODO ? "retried" : null;
        };
        if (next == JobStatus.TODO) {
            scheduled();
            startedAt = null;
            endedAt = null;
        } else if (next == JobStatus.DOING) {
            startedAt = now;
        } else {
            endedAt = now;
        }
        if (event != null) {
            events.add(new MemoryEvent(event, now));
        }
        status = next;
        lastEventAt = now;
    }

    /** What the table of events has of it. */
    record MemoryEvent(String type, Instant at) {}

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
                workerId,
                deferredAt,
                startedAt,
                endedAt,
                error,
                result,
                headers);
    }

    Job job() {
        return Job.of(row(), status, workerId);
    }
}

package io.procrastinate.job;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.NoResultException;
import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.exception.UniqueViolationException;
import io.procrastinate.json.JsonRows;
import io.procrastinate.json.JsonTexts;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Implements {@link JobManager} once, over any executor. */
final class JobStore {

    private static final QueryFile QUERIES = QueryFile.beside(JobStore.class, "queries.sql");
    private static final Query DEFER_JOB = QUERIES.query("defer_job");
    private static final Query WAITING_JOB = QUERIES.query("waiting_job");
    private static final Query DEFER_JOB_WITH_HEADERS = QUERIES.query("defer_job_with_headers");
    private static final Query DEFER_JOBS = QUERIES.query("defer_jobs");
    private static final Query DEFER_JOBS_WITH_HEADERS = QUERIES.query("defer_jobs_with_headers");
    private static final Query CANCEL_JOB = QUERIES.query("cancel_job");
    private static final Query JOB_STATUS = QUERIES.query("job_status");
    private static final Query RETRY_JOB = QUERIES.query("retry_job");
    private static final Query FORGET_ABORT = QUERIES.query("forget_abort_of_failed_job");
    private static final Query LIST_JOBS = QUERIES.query("list_jobs");
    private static final Query LIST_WAITING_JOBS = QUERIES.query("list_waiting_jobs");
    private static final Query LIST_RUNNING_JOBS = QUERIES.query("list_running_jobs");
    private static final Query LIST_ENDED_JOBS = QUERIES.query("list_ended_jobs");
    private static final Query JOB_EVENTS = QUERIES.query("job_events");
    private static final Query COUNT_JOBS = QUERIES.query("count_jobs");
    private static final Query COUNT_WAITING_JOBS = QUERIES.query("count_waiting_jobs");
    private static final Query COUNT_RUNNING_JOBS = QUERIES.query("count_running_jobs");
    private static final Query COUNT_ENDED_JOBS = QUERIES.query("count_ended_jobs");
    private static final Query DELETE_OLD_JOBS = QUERIES.query("delete_old_jobs");
    private static final Query DELETE_JOB = QUERIES.query("delete_job");

    private static final Query FINISH_JOB = QUERIES.query("finish_job");

    private static final String QUEUEING_LOCK_INDEX = "procrastinate_jobs_queueing_lock_idx";

    /** How many jobs one statement inserts: more would not be faster, and a statement of bounded size always ends. */
    static final int CHUNK = 1000;

    /** How often an invisible job may be in the way before the conflict is reported without its id. */
    private static final int MOST_CONFLICTS = 3;

    private final QueryExecutor executor;
    private final HeaderColumn headers;
    private final @Nullable Object connection;

    /**
     * @param headers what is known of their column
     * @param connection a connection of the caller, in whose transaction everything happens, or null for the pool
     */
    JobStore(QueryExecutor executor, HeaderColumn headers, @Nullable Object connection) {
        this.executor = executor;
        this.headers = headers;
        this.connection = connection;
    }

    JobStore on(Object callersConnection) {
        return new JobStore(executor, headers, callersConnection);
    }

    boolean isOnCallersConnection() {
        return connection != null;
    }

    private CompletionStage<List<Row>> execute(BoundQuery query) {
        return executor.execute(query, connection);
    }

    BacklogStore backlog() {
        return new BacklogStore(this::execute);
    }

    /** Defers a job in a statement of its own. */
    CompletionStage<Long> defer(NewJob job) {
        if (job.headers().isEmpty()) {
            return defer(job.queueingLock(), bound(DEFER_JOB, job).build(), MOST_CONFLICTS);
        }
        return withHeaders(present -> {
            BoundQuery query = present
                    ? bound(DEFER_JOB_WITH_HEADERS, job)
                            .set("headers", JsonTexts.write(job.headers()))
                            .build()
                    : bound(DEFER_JOB, job).build();
            return defer(job.queueingLock(), query, MOST_CONFLICTS);
        });
    }

    /**
     * Defers jobs with their headers, or without if the tables have no column for them. If it was dropped after the app
     * had found it, the statement is refused and sent again, but not in the caller's transaction, which is aborted by
     * then.
     */
    private <T> CompletionStage<T> withHeaders(Function<Boolean, CompletionStage<T>> deferral) {
        return headers.isPresent(executor, connection).thenCompose(present -> {
            CompletionStage<T> done = deferral.apply(present);
            return !present
                    ? done
                    : done.exceptionallyCompose(failure -> headers.mayBeGone(failure) && connection == null
                            ? headers.isPresent(executor, null)
                                    .thenCompose(still -> still ? done : deferral.apply(false))
                            : done);
        });
    }

    private static BoundQuery.Binder bound(Query query, NewJob job) {
        return query.bind()
                .set("queue_name", job.queue())
                .set("task_name", job.taskName())
                .set("priority", job.priority())
                .set("lock", job.lock())
                .set("queueing_lock", job.queueingLock())
                .set("args", job.args())
                .set("scheduled_at", job.at())
                .set("delay_micros", NewJob.micros(job.in()));
    }

    /** Defers a periodic job by a statement of its worker; the list is empty if another worker has deferred it. */
    CompletionStage<List<Long>> deferPeriodic(NewJob job, Function<NewJob, @Nullable Long> statement) {
        return job.headers().isEmpty()
                ? attempt(job, statement)
                : withHeaders(present -> attempt(present ? job : job.withoutHeaders(), statement));
    }

    private static CompletionStage<List<Long>> attempt(NewJob job, Function<NewJob, @Nullable Long> statement) {
        try {
            Long id = deferOrRefuse(job, statement);
            return CompletableFuture.completedFuture(id == null ? List.of() : List.of(id));
        } catch (RuntimeException | Error e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Explains the refusal of a periodic job; returns its id, or null if another worker has deferred it. */
    static @Nullable Long deferOrRefuse(NewJob job, Function<NewJob, @Nullable Long> statement) {
        try {
            return statement.apply(job);
        } catch (UniqueViolationException e) {
            if (job.queueingLock() == null) { // a unique index of an application's table that a trigger writes to
                throw e;
            }
            throw new AlreadyEnqueuedException(job.queueingLock(), null, e);
        }
    }

    /** Defers jobs without queueing locks, as many as fit in one statement. */
    CompletionStage<List<Long>> deferTogether(List<NewJob> jobs) {
        return deferChunk(jobs);
    }

    private CompletionStage<Long> defer(@Nullable String queueingLock, BoundQuery query, int conflictsLeft) {
        return execute(query).thenCompose(rows -> {
            Row row = rows.get(0);
            Long id = row.bigintOrNull("id");
            if (!row.bool("inserted")) {
                return conflict(queueingLock, id, query, conflictsLeft);
            }
            return CompletableFuture.completedFuture(row.bigint("id"));
        });
    }

    /** A statement does not see a waiting job that appeared or disappeared while it ran: without an id, look again. */
    private CompletionStage<Long> conflict(
            @Nullable String queueingLock, @Nullable Long waiting, BoundQuery query, int conflictsLeft) {
        if (waiting != null) {
            throw new AlreadyEnqueuedException(queueingLock, waiting, null);
        }
        BoundQuery look = WAITING_JOB.bind().set("queueing_lock", queueingLock).build();
        return execute(look).thenCompose(rows -> {
            if (!rows.isEmpty() || conflictsLeft == 1) {
                Long id = rows.isEmpty() ? null : rows.get(0).bigintOrNull("id");
                throw new AlreadyEnqueuedException(queueingLock, id, null);
            }
            return defer(queueingLock, query, conflictsLeft - 1);
        });
    }

    /** Defers all or nothing, as long as the jobs fit in one statement; {@link JobManager} documents the bound. */
    CompletionStage<List<Long>> batchDefer(List<NewJob> jobs) {
        CompletionStage<List<Long>> deferred = CompletableFuture.completedFuture(new ArrayList<>(jobs.size()));
        for (int start = 0; start < jobs.size(); start += CHUNK) {
            List<NewJob> chunk = jobs.subList(start, Math.min(start + CHUNK, jobs.size()));
            deferred = deferred.thenCompose(ids -> deferChunk(chunk).thenApply(more -> {
                ids.addAll(more);
                return ids;
            }));
        }
        return deferred;
    }

    private CompletionStage<List<Long>> deferChunk(List<NewJob> jobs) {
        return jobs.stream().allMatch(job -> job.headers().isEmpty())
                ? deferChunk(jobs, false)
                : withHeaders(present -> deferChunk(jobs, present));
    }

    private CompletionStage<List<Long>> deferChunk(List<NewJob> jobs, boolean withHeaders) {
        if (connection != null && jobs.stream().anyMatch(job -> job.queueingLock() != null)) {
            CallersBatch batch = new CallersBatch(executor, connection, jobs, withHeaders);
            return batch.isInTransaction()
                    .thenCompose(inside -> inside ? batch.deferOrUndo() : deferOrFail(jobs, withHeaders));
        }
        return deferOrFail(jobs, withHeaders);
    }

    private CompletionStage<List<Long>> deferOrFail(List<NewJob> jobs, boolean withHeaders) {
        Query query = withHeaders ? DEFER_JOBS_WITH_HEADERS : DEFER_JOBS;
        CompletionStage<List<Long>> ids =
                execute(query.bind().set("jobs", rows(jobs)).build()).thenApply(JobStore::ids);
        return explain(ids, violation -> new AlreadyEnqueuedException(onlyQueueingLock(jobs), null, violation));
    }

    static List<Long> ids(List<Row> rows) {
        return rows.stream().map(row -> row.bigint("id")).toList();
    }

    static String rows(List<NewJob> jobs) {
        return JsonRows.of(jobs, (job, row) -> {
            row.put("queue_name", job.queue())
                    .put("task_name", job.taskName())
                    .put("priority", job.priority())
                    .put("lock", job.lock())
                    .put("queueing_lock", job.queueingLock())
                    .putJson("args", job.args())
                    .put("scheduled_at", job.at() == null ? null : job.at().toString())
                    .put("delay_micros", NewJob.micros(job.in()));
            if (!job.headers().isEmpty()) {
                row.putJson("headers", JsonTexts.write(job.headers()));
            }
        });
    }

    CompletionStage<Boolean> cancel(long id, Set<CancelOption> options) {
        BoundQuery query = CANCEL_JOB
                .bind()
                .set("job_id", id)
                .set("abort", options.contains(CancelOption.ABORT))
                .set("delete_job", options.contains(CancelOption.DELETE))
                .build();
        return execute(query).thenApply(rows -> rows.get(0).bigintOrNull("id") != null);
    }

    CompletionStage<JobStatus> status(long id) {
        return execute(JOB_STATUS.bind().set("job_id", id).build()).thenApply(rows -> {
            if (rows.isEmpty()) {
                throw new NoResultException(
                        "No job has the id " + id + ": it never existed, or its row has been deleted");
            }
            return JobStatus.of(rows.get(0).text("status"));
        });
    }

    CompletionStage<@Nullable Void> retry(long id, RetryDecision decision) {
        BoundQuery query = RETRY_JOB
                .bind()
                .set("job_id", id)
                .set("retry_at", decision.at())
                .set("delay_micros", NewJob.micros(decision.in()))
                .set("priority", decision.priority())
                .set("queue_name", decision.queue())
                .set("lock", decision.lock())
                .build();
        // The database accepts no waiting job with an abort request, which a job that failed after the request still
        // has.
        BoundQuery forgetAbort = FORGET_ABORT.bind().set("job_id", id).build();
        CompletionStage<@Nullable Void> retried =
                execute(forgetAbort).thenCompose(forgotten -> execute(query)).thenApply(rows -> null);
        return explain(retried, violation -> AlreadyEnqueuedException.onRetry(id, violation));
    }

    CompletionStage<@Nullable Void> finish(long id, JobStatus end) {
        if (end != JobStatus.SUCCEEDED && end != JobStatus.FAILED && end != JobStatus.ABORTED) {
            return CompletableFuture.failedFuture(new IllegalArgumentException(
                    "A job can be ended as succeeded, failed or aborted, not as " + end.text()));
        }
        return execute(FINISH_JOB
                        .bind()
                        .set("job_id", id)
                        .set("status", end.text())
                        .build())
                .thenApply(rows -> null);
    }

    CompletionStage<Boolean> delete(long id) {
        return execute(DELETE_JOB.bind().set("job_id", id).build()).thenApply(rows -> !rows.isEmpty());
    }

    /**
     * Deletes old jobs among the next thousand after an id, in a transaction of its own, so that no lock is held for
     * long. The caller goes through the whole table, one chunk after the other.
     */
    CompletionStage<DeletedChunk> deleteOldAfter(long afterId, OldJobs old) {
        BoundQuery query = DELETE_OLD_JOBS
                .bind()
                .set("seconds", old.olderThan().toSeconds())
                .set("queue_name", old.queue())
                .set("statuses", old.statuses().stream().map(JobStatus::text).toList())
                .set("after_id", afterId)
                .set("limit", CHUNK)
                .build();
        return execute(query)
                .thenApply(rows -> new DeletedChunk(
                        rows.get(0).bigintOrNull("last_id"), rows.get(0).bigint("deleted")));
    }

    CompletionStage<List<Job>> list(JobFilter filter) {
        BoundQuery query = listing(filter)
                .bind()
                .set("id", filter.id())
                .set("queue_name", filter.queue())
                .set("task_name", filter.taskName())
                .set("status", filter.status() == null ? null : filter.status().text())
                .set("lock", filter.lock())
                .set("queueing_lock", filter.queueingLock())
                .set("worker_id", filter.workerId())
                .set("stalled_micros", NewJob.micros(filter.stalledFor()))
                .set("after_id", filter.afterId())
                .set("limit", filter.limit())
                .build();
        return execute(query)
                .thenApply(rows -> rows.stream()
                        .map(row -> Job.of(row, JobStatus.of(row.text("status")), row.bigintOrNull("worker_id")))
                        .toList());
    }

    /** The statement that reads least: few jobs of a large table wait, run, or have ended otherwise than most. */
    private static Query listing(JobFilter filter) {
        if (filter.id() != null) {
            return LIST_JOBS;
        }
        if (filter.stalledFor() != null) {
            return LIST_RUNNING_JOBS;
        }
        return byStatus(filter.status(), LIST_JOBS, LIST_WAITING_JOBS, LIST_RUNNING_JOBS, LIST_ENDED_JOBS);
    }

    private static Query counting(@Nullable JobStatus status) {
        return byStatus(status, COUNT_JOBS, COUNT_WAITING_JOBS, COUNT_RUNNING_JOBS, COUNT_ENDED_JOBS);
    }

    private static Query byStatus(@Nullable JobStatus status, Query any, Query waiting, Query running, Query ended) {
        if (status == null) {
            return any;
        }
        return switch (status) {
            case TODO -> waiting;
            case DOING -> running;
            case FAILED, CANCELLED, ABORTED -> ended;
            default -> any;
        };
    }

    CompletionStage<List<JobEvent>> events(long id) {
        return execute(JOB_EVENTS.bind().set("job_id", id).build())
                .thenApply(rows -> rows.stream()
                        .flatMap(row -> JobEventType.of(row.text("type")).stream()
                                .map(type -> new JobEvent(type, Objects.requireNonNull(row.instantOrNull("at")))))
                        .toList());
    }

    /** Counts by one of the columns {@code queue_name}, {@code task_name} and {@code lock}. */
    CompletionStage<List<JobCounts>> count(String by, JobFilter filter) {
        BoundQuery query = counting(filter.status())
                .bind()
                .set("by", by)
                .set("queue_name", filter.queue())
                .set("task_name", filter.taskName())
                .set("status", filter.status() == null ? null : filter.status().text())
                .set("lock", filter.lock())
                .build();
        return execute(query).thenApply(JobStore::counts);
    }

    private static List<JobCounts> counts(List<Row> rows) {
        Map<String, Map<JobStatus, Long>> counts = new LinkedHashMap<>();
        for (Row row : rows) {
            counts.computeIfAbsent(row.text("name"), name -> new EnumMap<>(JobStatus.class))
                    .merge(JobStatus.of(row.text("status")), row.bigint("jobs"), Long::sum);
        }
        return counts.entrySet().stream()
                .map(entry -> new JobCounts(entry.getKey(), entry.getValue()))
                .toList();
    }

    /** Translates the violation of a taken queueing lock. */
    private static <T extends @Nullable Object> CompletionStage<T> explain(
            CompletionStage<T> done, Function<UniqueViolationException, AlreadyEnqueuedException> words) {
        CompletableFuture<T> explained = new CompletableFuture<>();
        done.whenComplete((result, failure) -> {
            if (failure == null) {
                explained.complete(result);
            } else if (Stages.cause(failure) instanceof UniqueViolationException violation
                    && isQueueingLock(violation.constraint())) {
                explained.completeExceptionally(words.apply(violation));
            } else {
                explained.completeExceptionally(Stages.cause(failure));
            }
        });
        return explained;
    }

    /** Whether a statement that failed this way, as a transaction of its own, has certainly stored nothing. */
    static boolean isNothingStored(Throwable failure) {
        return failure instanceof ConnectorException refused
                ? SqlState.isRefusal(refused.sqlState())
                : failure instanceof ProcrastinateException;
    }

    private static boolean isQueueingLock(@Nullable String constraint) {
        return constraint != null && constraint.startsWith(QUEUEING_LOCK_INDEX);
    }

    /** Not all drivers report the refused value: if the batch has only one queueing lock, it is that one. */
    static @Nullable String onlyQueueingLock(List<NewJob> jobs) {
        List<String> locks = jobs.stream()
                .map(NewJob::queueingLock)
                .filter(Objects::nonNull)
                .distinct()
                .limit(2)
                .toList();
        return locks.size() == 1 ? locks.get(0) : null;
    }

    /**
     * The result of deleting one chunk.
     *
     * @param lastId the last id that was examined, or null at the end of the table
     * @param deleted how many jobs were deleted
     */
    record DeletedChunk(@Nullable Long lastId, long deleted) {}
}

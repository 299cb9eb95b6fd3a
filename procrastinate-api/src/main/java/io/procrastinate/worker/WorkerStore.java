package io.procrastinate.worker;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.SchemaException;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.NewJob;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.json.JsonRows;
import io.procrastinate.json.JsonTexts;
import io.procrastinate.schema.OurIndexes;
import io.procrastinate.schema.SchemaManager;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The statements of a worker. They block, on the worker's own threads; each is one round trip with a deadline.
 *
 * <p>Those that keep the worker and its jobs alive are executed on a connection of the worker's own, so that they never
 * wait behind the jobs or the application: registering, the heartbeat, storing results, giving jobs back, and asking
 * which jobs are still its own and which to abort. None of them may take long, since the heartbeat waits for its turn
 * behind them. Those that find or create work (fetching, periodic tasks, rescuing) go through the pool: they may take
 * longer, their waiting does no harm, and with a full pool more jobs would not help.
 */
final class WorkerStore {

    private static final QueryFile FETCH = QueryFile.beside(WorkerStore.class, "fetch.sql");
    private static final QueryFile RESULTS = QueryFile.beside(WorkerStore.class, "results.sql");
    private static final QueryFile RESCUE = QueryFile.beside(WorkerStore.class, "rescue.sql");
    private static final QueryFile LIVENESS = QueryFile.beside(WorkerStore.class, "liveness.sql");
    private static final QueryFile PERIODIC = QueryFile.beside(WorkerStore.class, "periodic.sql");
    private static final Query IS_OPTIMIZED = FETCH.query("is_optimized");
    private static final Query FETCH_JOBS_ALL = FETCH.query("fetch_jobs_all");
    private static final Query FETCH_JOBS_QUEUES = FETCH.query("fetch_jobs_queues");
    private static final Query FETCH_FREE_JOBS_ALL = FETCH.query("fetch_free_jobs_all");
    private static final Query FETCH_FREE_JOBS_QUEUES = FETCH.query("fetch_free_jobs_queues");
    private static final Query FETCH_FREE_JOBS_ALL_UNFLUSHED = FETCH.query("fetch_free_jobs_all_unflushed");
    private static final Query FETCH_FREE_JOBS_QUEUES_UNFLUSHED = FETCH.query("fetch_free_jobs_queues_unflushed");
    private static final Query FETCH_JOBS_PLAIN = FETCH.query("fetch_jobs_plain");
    private static final Query NOTIFY = LIVENESS.query("notify");
    private static final Query NEXT_DUE = FETCH.query("next_due");
    private static final Query NEXT_DUE_PLAIN = FETCH.query("next_due_plain");
    private static final Query FINISH_JOBS = RESULTS.query("finish_jobs");
    private static final Query FINISH_JOBS_PLAIN = RESULTS.query("finish_jobs_plain");
    private static final Query RETRY_JOBS = RESULTS.query("retry_jobs");
    private static final Query RETRY_JOBS_PLAIN = RESULTS.query("retry_jobs_plain");
    private static final Query GIVE_BACK = RESULTS.query("give_back");
    private static final Query REGISTER_WORKER = LIVENESS.query("register_worker");
    private static final Query HEARTBEAT = LIVENESS.query("heartbeat");
    private static final Query UNREGISTER_WORKER = LIVENESS.query("unregister_worker");
    private static final Query PRUNE_WORKERS = RESCUE.query("prune_workers");
    private static final Query RECLAIM = LIVENESS.query("reclaim");
    private static final Query HELD_JOBS = LIVENESS.query("held_jobs");
    private static final Query JOB_STATES = LIVENESS.query("job_states");
    private static final Query STALLED_JOBS = RESCUE.query("stalled_jobs");
    private static final Query RESCUE_JOBS = RESCUE.query("rescue_jobs");
    private static final Query NOW = LIVENESS.query("now");
    private static final Query DEFER_PERIODIC = PERIODIC.query("defer_periodic");
    private static final Query DEFER_PERIODIC_WITH_HEADERS = PERIODIC.query("defer_periodic_with_headers");

    /** A heartbeat that takes longer comes too late to be of use. */
    private static final Duration HEARTBEAT_DEADLINE = Duration.ofSeconds(10);

    /**
     * How long a statement may take at most, such as storing results that another transaction blocks, which delays the
     * others.
     */
    private static final Duration MOST_FOR_TURN = Duration.ofSeconds(5);

    private static final String UNDEFINED_COLUMN = "42703";

    private static final Duration LEAST_FOR_TURN = Duration.ofSeconds(1);

    private final QueryExecutor pool;
    private final QueryExecutor reserved;
    private final Duration turn;
    private final boolean durableStarts;
    private volatile boolean optimized;

    /** Executes all statements alike, for a worker without a heartbeat that they could delay. */
    WorkerStore(QueryExecutor executor) {
        this(executor, executor, MOST_FOR_TURN, true);
    }

    private WorkerStore(QueryExecutor pool, QueryExecutor reserved, Duration turn, boolean durableStarts) {
        this.pool = pool;
        this.reserved = reserved;
        this.turn = turn;
        this.durableStarts = durableStarts;
    }

    /**
     * Creates a store over a connector's blocking side. The worker's own threads may block: with a threaded connector
     * its statements need no second thread, so that jobs that keep the processors busy cannot delay the heartbeat.
     */
    static WorkerStore over(AsyncConnector connector) {
        return new WorkerStore(explaining(QueryExecutor.blocking(connector::sync)));
    }

    /**
     * As {@link #over(AsyncConnector)}, with a connection of the worker's own for the statements that keep it alive.
     */
    static WorkerStore over(AsyncConnector connector, ReservedConnection own, WorkerOptions options) {
        return new WorkerStore(
                explaining(QueryExecutor.blocking(connector::sync)),
                explaining((query, callers) -> own.execute(query)),
                turn(options),
                options.durableStarts());
    }

    private static QueryExecutor explaining(QueryExecutor executor) {
        return SchemaManager.explainingMissingSchema(executor.repeatingUndone());
    }

    /** How long a statement may delay the heartbeat, so that a single one does not make the worker look dead. */
    private static Duration turn(WorkerOptions options) {
        Duration half = options.stalledWorkerTimeout()
                .minus(options.heartbeatInterval())
                .dividedBy(2);
        Duration most = half.compareTo(MOST_FOR_TURN) < 0 ? half : MOST_FOR_TURN;
        return most.compareTo(LEAST_FOR_TURN) < 0 ? LEAST_FOR_TURN : most;
    }

    /**
     * Finds out which layout the tables have. It decides which statements fetch jobs and store their ends; those for
     * the other layout are correct, too, but slower.
     */
    void lookAtLayout() {
        optimized = rows(IS_OPTIMIZED.bind().set("indexes", OurIndexes.names()))
                .get(0)
                .bool("present");
    }

    /** Takes at most {@code limit} jobs; the queues are null for all. */
    List<Job> fetch(long workerId, @Nullable List<String> queues, int limit) {
        return byLayout(ours -> {
            BoundQuery.Binder query = ours
                    ? fetching(queues == null ? FETCH_JOBS_ALL : FETCH_JOBS_QUEUES, workerId, queues, limit)
                    : fetching(FETCH_JOBS_PLAIN, workerId, null, limit).set("queues", queues);
            return jobs(rows(query).stream(), workerId);
        });
    }

    /** Whether {@link #fetchFree} may take jobs. */
    boolean fetchesFree() {
        return optimized;
    }

    /**
     * As {@link #fetch}, but cheaper: on our layout, if no job with a lock waits and no schedule is due; otherwise
     * takes nothing.
     *
     * @return null if it took nothing because there may be other jobs to take
     */
    @Nullable
    List<Job> fetchFree(long workerId, @Nullable List<String> queues, int limit) {
        Query query = fetchingFree(queues == null);
        List<Row> rows = byLayout(ours -> ours ? rows(fetching(query, workerId, queues, limit)) : List.of());
        if (rows.isEmpty() || !rows.get(0).bool("all_free")) {
            return null;
        }
        return jobs(rows.stream().filter(row -> row.bigintOrNull("id") != null), workerId);
    }

    private Query fetchingFree(boolean ofAll) {
        if (durableStarts) {
            return ofAll ? FETCH_FREE_JOBS_ALL : FETCH_FREE_JOBS_QUEUES;
        }
        return ofAll ? FETCH_FREE_JOBS_ALL_UNFLUSHED : FETCH_FREE_JOBS_QUEUES_UNFLUSHED;
    }

    private static BoundQuery.Binder fetching(Query query, long workerId, @Nullable List<String> queues, int limit) {
        BoundQuery.Binder bound = query.bind().set("worker_id", workerId).set("limit", limit);
        return queues == null ? bound : bound.set("queues", queues);
    }

    private static List<Job> jobs(Stream<Row> rows, long workerId) {
        return rows.map(row -> Job.of(row, JobStatus.DOING, workerId)).toList();
    }

    /** When a scheduled job is due next, by the database's clock: later than an instant in microseconds since 1970. */
    NextDue nextDue(@Nullable List<String> queues, long afterMicros) {
        Query query = optimized ? NEXT_DUE : NEXT_DUE_PLAIN;
        Row row = rows(query.bind().set("queues", queues).set("after_micros", afterMicros))
                .get(0);
        Long millis = row.bigintOrNull("millis");
        return new NextDue(millis == null ? null : Duration.ofMillis(Math.max(0, millis)), row.bigint("asked_at"));
    }

    /** Stores how jobs ended; returns the ids of those that still belonged to this worker. */
    Set<Long> finish(Collection<Ending> endings) {
        String results = JsonRows.of(endings, (ending, row) -> {
            ending.run()
                    .claim()
                    .put(row)
                    .put("status", ending.finalStatus().text())
                    .put("delete", ending.delete())
                    .put("error", ending.error());
            if (ending.stored() != null) {
                row.putJson("result", ending.stored());
            }
        });
        return byLayout(
                ours -> ids((ours ? FINISH_JOBS : FINISH_JOBS_PLAIN).bind().set("results", results)));
    }

    /** Lets jobs wait for another run; returns what happened to those that still belonged to this worker. */
    Map<Long, String> retry(Collection<Ending> endings) {
        String retries = JsonRows.of(
                endings,
                (ending, row) -> putRetry(
                        ending.requireDecision(), ending.run().claim().put(row).put("error", ending.error())));
        return byLayout(ours ->
                statuses(alive((ours ? RETRY_JOBS : RETRY_JOBS_PLAIN).bind().set("retries", retries))));
    }

    /**
     * Gives jobs back as if they had not been fetched; returns what happened to those that still belonged to this
     * worker.
     */
    Map<Long, String> giveBack(Collection<RunningJob.Claim> claims) {
        String jobs = JsonRows.of(claims, RunningJob.Claim::put);
        return statuses(alive(GIVE_BACK.bind().set("jobs", jobs)));
    }

    long register() {
        return alive(REGISTER_WORKER.bind()).get(0).bigint("id");
    }

    /**
     * Sends a heartbeat; returns its time by the database's clock, in microseconds since 1970; null if the worker's row
     * is gone.
     */
    @Nullable
    Long heartbeat(long workerId) {
        return rows(reserved, HEARTBEAT.bind().set("worker_id", workerId).deadline(HEARTBEAT_DEADLINE)).stream()
                .findAny()
                .map(row -> row.bigint("beat_micros"))
                .orElse(null);
    }

    void unregister(long workerId) {
        alive(UNREGISTER_WORKER.bind().set("worker_id", workerId));
    }

    /** Deletes the rows of dead workers that hold no running job. */
    void prune(RescueGuard.Permit permit, int limit) {
        rows(permit.bind(PRUNE_WORKERS.bind()).set("limit", limit));
    }

    /** Moves running jobs to the worker's new id; returns the ids of those that still belong to it. */
    Set<Long> reclaim(long oldWorkerId, long newWorkerId, Collection<RunningJob> runs) {
        String jobs = JsonRows.of(
                runs,
                (run, row) ->
                        row.put("id", run.job().id()).put("attempts", run.job().attempts()));
        return ids(RECLAIM.bind()
                .set("old_worker_id", oldWorkerId)
                .set("worker_id", newWorkerId)
                .set("jobs", jobs));
    }

    /**
     * The jobs that this worker runs according to the database: by id, the attempts and whether an abort is requested.
     */
    Map<Long, Held> held(long workerId) {
        Map<Long, Held> held = new HashMap<>();
        for (Row row : alive(HELD_JOBS.bind().set("worker_id", workerId))) {
            held.put(row.bigint("id"), new Held(row.integer("attempts"), row.bool("abort_requested")));
        }
        return held;
    }

    /** The current states of jobs, by id; ids without a row are missing. */
    Map<Long, State> states(List<Long> ids) {
        Map<Long, State> states = new HashMap<>();
        for (Row row : alive(JOB_STATES.bind().set("ids", ids))) {
            states.put(
                    row.bigint("id"),
                    new State(
                            JobStatus.of(row.text("status")), row.integer("attempts"), row.bigintOrNull("worker_id")));
        }
        return states;
    }

    /** Running jobs whose worker has sent no heartbeat for long enough, or is unknown, in the order of their ids. */
    List<Job> stalled(RescueGuard.Permit permit, @Nullable List<String> queues, long afterId, int limit) {
        return rows(permit.bind(STALLED_JOBS.bind())
                        .set("queues", queues)
                        .set("after_id", afterId)
                        .set("limit", limit))
                .stream()
                .map(row -> Job.of(row, JobStatus.DOING, row.bigintOrNull("worker_id")))
                .toList();
    }

    /** Ends or retries stalled jobs; returns what happened to those that were still stalled. */
    Map<Long, String> rescue(RescueGuard.Permit permit, Collection<Rescue> rescues) {
        String jobs = JsonRows.of(rescues, (rescue, row) -> {
            row.put("id", rescue.job().id())
                    .put("attempts", rescue.job().attempts())
                    .put("worker_id", rescue.job().workerId())
                    .put("retry", rescue.decision() != null);
            if (rescue.decision() != null) {
                putRetry(rescue.decision(), row);
            }
        });
        return statuses(rows(permit.bind(RESCUE_JOBS.bind()).set("jobs", jobs)));
    }

    /** The database's clock. */
    Instant now() {
        return Objects.requireNonNull(rows(NOW.bind()).get(0).instantOrNull("now"));
    }

    /** Notifies a channel. */
    void notify(String channel) {
        rows(NOTIFY.bind().set("channel", channel));
    }

    /** Defers a job for a time of its schedule; returns null if that was already done. Headers need their column. */
    @Nullable
    Long deferPeriodic(NewJob job, String periodicId, Instant time) {
        BoundQuery.Binder query = job.headers().isEmpty()
                ? DEFER_PERIODIC.bind()
                : DEFER_PERIODIC_WITH_HEADERS.bind().set("headers", JsonTexts.write(job.headers()));
        return deferPeriodic(query, job, periodicId, time);
    }

    private @Nullable Long deferPeriodic(BoundQuery.Binder query, NewJob job, String periodicId, Instant time) {
        return rows(query.set("queue_name", job.queue())
                        .set("lock", job.lock())
                        .set("queueing_lock", job.queueingLock())
                        .set("task_name", job.taskName())
                        .set("priority", job.priority())
                        .set("periodic_id", periodicId)
                        .set("timestamp", time.getEpochSecond())
                        .set("args", job.args()))
                .get(0)
                .bigintOrNull("id");
    }

    /**
     * Executes the statement for the layout that the tables had; if they were changed since, the one for the
     * original's.
     */
    private <T> T byLayout(Function<Boolean, T> statement) {
        if (optimized) {
            try {
                return statement.apply(true);
            } catch (ConnectorException e) {
                if (!UNDEFINED_COLUMN.equals(e.sqlState())) {
                    throw e;
                }
            } catch (SchemaException e) {
                if (e.getCause() == null) {
                    throw e;
                }
            }
            optimized = false;
        }
        return statement.apply(false);
    }

    private Set<Long> ids(BoundQuery.Binder query) {
        Set<Long> ids = new HashSet<>();
        alive(query).forEach(row -> ids.add(row.bigint("id")));
        return ids;
    }

    private static Map<Long, String> statuses(List<Row> rows) {
        Map<Long, String> statuses = new HashMap<>();
        rows.forEach(row -> statuses.put(row.bigint("id"), row.text("status")));
        return statuses;
    }

    private List<Row> rows(BoundQuery.Binder query) {
        return rows(pool, query);
    }

    /** Executes a statement that keeps the worker or its jobs alive. */
    private List<Row> alive(BoundQuery.Binder query) {
        return rows(reserved, query.deadline(turn));
    }

    private static List<Row> rows(QueryExecutor executor, BoundQuery.Binder query) {
        return Stages.join(executor.execute(query.build(), null));
    }

    /** The database's view of a job that this worker runs. */
    record Held(int attempts, boolean abortRequested) {}

    /**
     * When a job is due.
     *
     * @param in how long it takes until then, not negative; null if none is known
     * @param askedAt the database's clock, in microseconds since 1970
     */
    record NextDue(@Nullable Duration in, long askedAt) {}

    /** The state of a job. */
    record State(JobStatus status, int attempts, @Nullable Long workerId) {}

    private static void putRetry(RetryDecision decision, JsonRows row) {
        row.put("retry_at", decision.at() == null ? null : decision.at().toString())
                .put("delay_micros", NewJob.micros(decision.in()))
                .put("priority", decision.priority())
                .put("queue_name", decision.queue())
                .put("lock", decision.lock());
    }

    /**
     * What to do with a stalled job.
     *
     * @param job the job as it was seen
     * @param decision how to retry it, or null to fail it
     */
    record Rescue(Job job, @Nullable RetryDecision decision) {}
}

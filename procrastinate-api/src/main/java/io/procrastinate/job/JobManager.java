package io.procrastinate.job;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.annotation.Internal;
import io.procrastinate.driver.Stages;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Defers, watches and manages jobs. Every call has a blocking form and one that returns a stage; both do the same and
 * fail with the same exceptions. Thread-safe.
 *
 * <p>All calls may fail with {@link io.procrastinate.exception.ConnectorException},
 * {@link io.procrastinate.exception.AppNotOpenException} and {@link io.procrastinate.exception.SchemaException}; those
 * that return a stage also with {@link io.procrastinate.exception.SyncConnectorConfigurationException}, if the app was
 * given a synchronous connector.
 */
public final class JobManager {

    private final JobStore blocking;
    private final JobStore asynchronous;
    private final SharedDefers blockingDefers;
    private final SharedDefers asynchronousDefers;
    private final BooleanSupplier mayWait;
    private final DeferHooks hooks;

    /**
     * Creates a manager over the two sides of an app's connector.
     *
     * @param mayWait whether the current thread may wait for other callers
     * @hidden
     */
    @Internal
    public JobManager(QueryExecutor blocking, QueryExecutor asynchronous, BooleanSupplier mayWait) {
        this(blocking, asynchronous, mayWait, DeferHooks.none());
    }

    /**
     * Creates a manager over the two sides of an app's connector.
     *
     * @param mayWait whether the current thread may wait for other callers
     * @param hooks what is around deferrals
     * @hidden
     */
    @Internal
    public JobManager(QueryExecutor blocking, QueryExecutor asynchronous, BooleanSupplier mayWait, DeferHooks hooks) {
        this(blocking, asynchronous, new HeaderColumn(), mayWait, hooks);
    }

    private JobManager(
            QueryExecutor blocking,
            QueryExecutor asynchronous,
            HeaderColumn headers,
            BooleanSupplier mayWait,
            DeferHooks hooks) {
        this(new JobStore(blocking, headers, null), new JobStore(asynchronous, headers, null), mayWait, hooks);
    }

    private JobManager(JobStore blocking, JobStore asynchronous, BooleanSupplier mayWait, DeferHooks hooks) {
        this.blocking = blocking;
        this.asynchronous = asynchronous;
        this.blockingDefers = new SharedDefers(true, blocking::defer, blocking::deferTogether);
        this.asynchronousDefers = new SharedDefers(false, asynchronous::defer, asynchronous::deferTogether);
        this.mayWait = mayWait;
        this.hooks = hooks;
    }

    /**
     * Returns this job manager on a connection of the caller: everything that it writes belongs to the caller's
     * transaction, and it reads what that transaction sees. A taken queueing lock leaves the transaction as it was; any
     * other error of the database aborts it, like the error of any statement. The connection is neither committed nor
     * closed. Use the result only where the connection is used, by one thread at a time.
     *
     * @param connection of a kind that the app's connector knows, such as {@link java.sql.Connection}
     */
    public JobManager on(Object connection) {
        return new JobManager(blocking.on(connection), asynchronous.on(connection), mayWait, hooks);
    }

    /**
     * Defers a job without checking whether any program has its task, or whether its arguments fit that; deferring with
     * a task, or with the app by a task's name, does check.
     *
     * <p>Concurrent calls without a queueing lock, and not on a connection of the caller, share statements; each still
     * gets its own id or its own exception, and is complete when its job is committed.
     *
     * @return the job's id
     * @throws io.procrastinate.exception.AlreadyEnqueuedException if a waiting job has its queueing lock; the caller's
     *     transaction can continue
     */
    public long defer(NewJob job) {
        return Stages.join(defer(hooks.joining(blocking), blockingDefers, mayWait, job));
    }

    /** Defers a job, as {@link #defer(NewJob)}. */
    public CompletionStage<Long> deferAsync(NewJob job) {
        return joining(store -> defer(store, asynchronousDefers, () -> true, job));
    }

    private CompletionStage<Long> defer(JobStore store, SharedDefers shared, BooleanSupplier mayShare, NewJob job) {
        if (hooks.hasNoMiddleware()) {
            return deferOne(store, shared, mayShare, job);
        }
        return hooks.around(
                        List.of(job),
                        store.isOnCallersConnection(),
                        false,
                        jobs -> deferOne(store, shared, mayShare, jobs.get(0)).thenApply(List::of))
                .thenApply(ids -> ids.get(0));
    }

    /**
     * A job with a queueing lock may have to wait for another transaction, and no other caller should wait for that.
     */
    private static CompletionStage<Long> deferOne(
            JobStore store, SharedDefers shared, BooleanSupplier mayShare, NewJob job) {
        return !store.isOnCallersConnection() && job.queueingLock() == null && mayShare.getAsBoolean()
                ? shared.defer(job)
                : store.defer(job);
    }

    /** Uses the asynchronous store on the connection of the current transaction, if there is one. */
    private <T> CompletionStage<T> joining(Function<JobStore, CompletionStage<T>> call) {
        try {
            return call.apply(hooks.joining(asynchronous));
        } catch (RuntimeException | Error e) { // of the application's code, which says what is current
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletionStage<List<Long>> batch(JobStore store, List<NewJob> jobs) {
        return hooks.around(jobs, store.isOnCallersConnection(), false, store::batchDefer);
    }

    /**
     * Wraps the deferral of a periodic job by a worker. There is no asynchronous form, as the worker's thread may block.
     *
     * @param statement defers it, and returns its id, or null if another worker has deferred it
     * @return its id, or null
     * @throws io.procrastinate.exception.AlreadyEnqueuedException if its queueing lock is taken
     * @hidden
     */
    @Internal
    public @Nullable Long deferPeriodic(NewJob job, Function<NewJob, @Nullable Long> statement) {
        if (hooks.hasNoMiddleware()) {
            return JobStore.deferOrRefuse(job, statement);
        }
        List<Long> ids = Stages.join(
                hooks.around(List.of(job), false, true, jobs -> blocking.deferPeriodic(jobs.get(0), statement)));
        return ids.isEmpty() ? null : ids.get(0);
    }

    /**
     * Defers jobs, up to 1,000 in one statement. Up to that number either all are inserted or none; of a longer list,
     * the chunks of 1,000 before a failure stay. {@linkplain #on On a connection of the caller}, they are inserted when
     * the caller's transaction commits, which can continue if a batch is refused.
     *
     * @return the ids in the order of the jobs
     * @throws io.procrastinate.exception.AlreadyEnqueuedException if a waiting job, or another one of the list, has the
     *     queueing lock of one of them
     */
    public List<Long> batchDefer(List<NewJob> jobs) {
        return Stages.join(batch(hooks.joining(blocking), jobs));
    }

    /** Defers jobs, as {@link #batchDefer}. */
    public CompletionStage<List<Long>> batchDeferAsync(List<NewJob> jobs) {
        return joining(store -> batch(store, jobs));
    }

    /**
     * Defers jobs from a source that may be very long, 1,000 in one statement, each statement a transaction of its own
     * unless {@linkplain #on a connection of the caller} is used. Reads and holds at most one statement's jobs at a
     * time.
     *
     * @param jobs the source; a {@link java.util.stream.Stream} gives one by {@code iterator()}
     * @param progress called after each statement, on the thread that completes it
     * @return how many jobs were deferred
     * @throws io.procrastinate.exception.BulkDeferException if it stops early for any reason; it says how many jobs are
     *     deferred
     */
    public long deferAll(Iterator<NewJob> jobs, Consumer<BulkProgress> progress) {
        JobStore store = hooks.joining(blocking);
        return Stages.join(new BulkDefer(chunk -> batch(store, chunk), jobs, progress).run());
    }

    /** Defers jobs, as {@link #deferAll}; the source is read on the threads on which stages complete. */
    public CompletionStage<Long> deferAllAsync(Iterator<NewJob> jobs, Consumer<BulkProgress> progress) {
        return joining(store -> new BulkDefer(chunk -> batch(store, chunk), jobs, progress).run());
    }

    /**
     * Returns the events of a job, in order; an empty list if there is no such job. The time of a
     * {@link JobEventType#SCHEDULED} event is that for which the job is scheduled, which may be in the future.
     */
    public List<JobEvent> events(long id) {
        return Stages.join(blocking.events(id));
    }

    /** Returns the events of a job, as {@link #events(long)}. */
    public CompletionStage<List<JobEvent>> eventsAsync(long id) {
        return asynchronous.events(id);
    }

    /**
     * Returns a job's status.
     *
     * @throws io.procrastinate.exception.NoResultException if there is no such job
     */
    public JobStatus status(long id) {
        return Stages.join(blocking.status(id));
    }

    /** Returns a job's status, as {@link #status(long)}. */
    public CompletionStage<JobStatus> statusAsync(long id) {
        return asynchronous.status(id);
    }

    /**
     * Cancels a waiting job and, with {@link CancelOption#ABORT}, asks a running one to abort.
     *
     * @return whether anything was done: false if the job has ended, is running without {@link CancelOption#ABORT}, or
     *     does not exist
     */
    public boolean cancel(long id, CancelOption... options) {
        return Stages.join(blocking.cancel(id, setOf(options)));
    }

    /** Cancels a job, as {@link #cancel(long, CancelOption...)}. */
    public CompletionStage<Boolean> cancelAsync(long id, CancelOption... options) {
        return asynchronous.cancel(id, setOf(options));
    }

    /**
     * Ends a waiting job, or one that is stuck as running, as if it had run. Does not check whether the job is really
     * running.
     *
     * @param end succeeded, failed or aborted
     * @throws io.procrastinate.exception.ConnectorException if the job does not exist, or has ended
     */
    public void finish(long id, JobStatus end) {
        Stages.join(blocking.finish(id, end));
    }

    /** Ends a job, as {@link #finish(long, JobStatus)}. */
    public CompletionStage<@Nullable Void> finishAsync(long id, JobStatus end) {
        return asynchronous.finish(id, end);
    }

    /**
     * Lets a failed job, or one that is stuck as running, wait again until the time of the decision.
     *
     * @throws io.procrastinate.exception.ConnectorException if the job does not exist, or is neither failed nor running
     */
    public void retry(long id, RetryDecision decision) {
        Stages.join(blocking.retry(id, decision));
    }

    /** Lets a job wait again, as {@link #retry(long, RetryDecision)}. */
    public CompletionStage<@Nullable Void> retryAsync(long id, RetryDecision decision) {
        return asynchronous.retry(id, decision);
    }

    /**
     * Deletes a job that is not running.
     *
     * @return whether it existed and was not running
     */
    public boolean delete(long id) {
        return Stages.join(blocking.delete(id));
    }

    /** Deletes a job, as {@link #delete(long)}. */
    public CompletionStage<Boolean> deleteAsync(long id) {
        return asynchronous.delete(id);
    }

    /**
     * Deletes old jobs and their events, a thousand at a time, each chunk in a transaction of its own: no lock is held
     * for long, however many jobs there are. Goes through the jobs in the order of their ids, and ends at a chunk whose
     * last job was deferred less than the age ago. {@linkplain #on On a connection of the caller} all chunks are in the
     * caller's transaction.
     *
     * @param goOn called before each chunk: whether to continue
     * @return how many jobs were deleted
     */
    public long deleteOld(OldJobs old, BooleanSupplier goOn) {
        long deleted = 0;
        Long after = 0L;
        while (after != null && goOn.getAsBoolean()) {
            JobStore.DeletedChunk chunk = Stages.join(blocking.deleteOldAfter(after, old));
            deleted += chunk.deleted();
            after = chunk.lastId();
        }
        return deleted;
    }

    /** Deletes old jobs, as {@link #deleteOld(OldJobs, BooleanSupplier)}. */
    public CompletionStage<Long> deleteOldAsync(OldJobs old, BooleanSupplier goOn) {
        return deleteOldAsync(0, 0, old, goOn);
    }

    private CompletionStage<Long> deleteOldAsync(long after, long before, OldJobs old, BooleanSupplier goOn) {
        if (!goOn.getAsBoolean()) {
            return CompletableFuture.completedFuture(before);
        }
        return asynchronous.deleteOldAfter(after, old).thenCompose(chunk -> {
            long deleted = before + chunk.deleted();
            return chunk.lastId() == null
                    ? CompletableFuture.completedFuture(deleted)
                    : deleteOldAsync(chunk.lastId(), deleted, old, goOn);
        });
    }

    /**
     * Lists jobs in the order of their ids. With an id, a status other than {@link JobStatus#SUCCEEDED}, or stalled
     * jobs only, it reads few others, however many there are; else it looks at job after job until the page is full.
     */
    public List<Job> list(JobFilter filter) {
        return Stages.join(blocking.list(filter));
    }

    /** Lists jobs, as {@link #list(JobFilter)}. */
    public CompletionStage<List<Job>> listAsync(JobFilter filter) {
        return asynchronous.list(filter);
    }

    /**
     * Counts the jobs of each queue that match the filter's queue, task, status and lock. Without a status, or of jobs
     * that succeeded, it reads the whole table; else few others.
     */
    public List<JobCounts> queues(JobFilter filter) {
        return Stages.join(blocking.count("queue_name", filter));
    }

    /** Counts by queue, as {@link #queues(JobFilter)}. */
    public CompletionStage<List<JobCounts>> queuesAsync(JobFilter filter) {
        return asynchronous.count("queue_name", filter);
    }

    /** Counts the jobs of each task, as {@link #queues(JobFilter)}. */
    public List<JobCounts> tasks(JobFilter filter) {
        return Stages.join(blocking.count("task_name", filter));
    }

    /** Counts by task, as {@link #tasks(JobFilter)}. */
    public CompletionStage<List<JobCounts>> tasksAsync(JobFilter filter) {
        return asynchronous.count("task_name", filter);
    }

    /** Counts the jobs of each lock, as {@link #queues(JobFilter)}. */
    public List<JobCounts> locks(JobFilter filter) {
        return Stages.join(blocking.count("lock", filter));
    }

    /** Counts by lock, as {@link #locks(JobFilter)}. */
    public CompletionStage<List<JobCounts>> locksAsync(JobFilter filter) {
        return asynchronous.count("lock", filter);
    }

    /**
     * Returns what the queues have to do, in the order of their names; a queue whose jobs all succeeded, or were
     * cancelled or aborted, is not among them. Reads what waits, runs and failed, and nothing that succeeded; on the
     * tables as Python makes them it reads the whole table.
     */
    public List<QueueBacklog> backlog() {
        return Stages.join(blocking.backlog().backlog());
    }

    /** Returns what the queues have to do, as {@link #backlog()}. */
    public CompletionStage<List<QueueBacklog>> backlogAsync() {
        return asynchronous.backlog().backlog();
    }

    /**
     * Returns the workers that are registered in the database, of all programs, in the order of their ids. One that died
     * is among them until another worker removes it; workers consider it dead by its
     * {@linkplain WorkerInfo#silence() silence}.
     */
    public List<WorkerInfo> workers() {
        return Stages.join(blocking.backlog().workers());
    }

    /** Returns the registered workers, as {@link #workers()}. */
    public CompletionStage<List<WorkerInfo>> workersAsync() {
        return asynchronous.backlog().workers();
    }

    private static Set<CancelOption> setOf(CancelOption... options) {
        Set<CancelOption> set = EnumSet.noneOf(CancelOption.class);
        set.addAll(List.of(options));
        return set;
    }
}

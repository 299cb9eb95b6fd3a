package io.procrastinate.worker;

import io.procrastinate.job.Job;
import io.procrastinate.job.JobManager;
import io.procrastinate.json.JsonRows;
import io.procrastinate.task.AbortReason;
import io.procrastinate.task.JobContext;
import io.procrastinate.task.TaskRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One run of a job, which is also the context that its code sees. Thread-safe. */
final class RunningJob implements JobContext {

    private final Job job;
    private final WorkerOptions options;
    private final TaskRegistry tasks;
    private final JobManager jobManager;
    private final Runnable stopWorker;
    private final Map<String, Object> additionalContext;
    private final Map<String, Object> attributes = new ConcurrentHashMap<>(0);
    private final LoggedJob logged;
    private volatile Instant startedAt = Instant.now();
    private volatile long startedNanos = System.nanoTime();
    private volatile boolean begun;
    private final long fetchedBy;
    private volatile long workerId;
    private volatile boolean lost;
    private volatile @Nullable AbortReason abortReason;
    private @Nullable Thread thread;
    private volatile @Nullable Thread runsOn;
    private @Nullable CompletableFuture<?> stage;
    private @Nullable CompletableFuture<Boolean> timer;

    RunningJob(
            Job job,
            long workerId,
            WorkerOptions options,
            TaskRegistry tasks,
            JobManager jobManager,
            Runnable stopWorker) {
        this.job = job;
        this.logged = new LoggedJob(job, options.loggedCharacters());
        this.fetchedBy = workerId;
        this.workerId = workerId;
        this.options = options;
        this.tasks = tasks;
        this.jobManager = jobManager;
        this.stopWorker = stopWorker;
        this.additionalContext = Map.copyOf(options.additionalContext());
    }

    @Override
    public Job job() {
        return job;
    }

    @Override
    public String workerName() {
        return options.name();
    }

    @Override
    public List<String> workerQueues() {
        return options.queues();
    }

    @Override
    public Instant startedAt() {
        return startedAt;
    }

    @Override
    public Map<String, Object> additionalContext() {
        return additionalContext;
    }

    @Override
    public Map<String, Object> attributes() {
        return attributes;
    }

    @Override
    public TaskRegistry tasks() {
        return tasks;
    }

    @Override
    public JobManager jobManager() {
        return jobManager;
    }

    @Override
    public void stopWorker() {
        stopWorker.run();
    }

    @Override
    public @Nullable AbortReason abortReason() {
        return abortReason;
    }

    @Override
    public boolean lost() {
        return lost;
    }

    /** The job as logs show it. */
    LoggedJob logged() {
        return logged;
    }

    /** Whether this program has no task for the job. */
    boolean isTaskUnknown() {
        return tasks.named(job.taskName()).isEmpty();
    }

    /** The claim that the database must still hold for this run's result to count. */
    Claim claim() {
        return new Claim(job.id(), job.attempts(), workerId);
    }

    /** Marks the run as begun, after a wait for a slot or without. */
    void begin() {
        runsOn = Thread.currentThread();
        startedAt = Instant.now();
        startedNanos = System.nanoTime();
        begun = true;
    }

    /** Whether the run has begun: those in the local queue have not. */
    boolean hasBegun() {
        return begun;
    }

    long nanosSinceStart() {
        return System.nanoTime() - startedNanos;
    }

    /** The worker's id when it fetched the job. */
    long fetchedBy() {
        return fetchedBy;
    }

    /** The worker's id under which the database knows this run. */
    long workerId() {
        return workerId;
    }

    void workerId(long id) {
        workerId = id;
    }

    /** Marks the run as taken away; returns false if it already was. */
    synchronized boolean lose() {
        boolean before = lost;
        lost = true;
        return !before;
    }

    /** The code begins on the current thread. An earlier abort interrupts it immediately. */
    synchronized void enter() {
        thread = Thread.currentThread();
        if (abortReason != null) {
            thread.interrupt();
        }
    }

    /** The code has left the current thread; an interrupt that was meant for it is cleared. */
    @SuppressWarnings("ReturnValueIgnored") // clears the flag
    synchronized void leave() {
        thread = null;
        Thread.interrupted();
    }

    /** Whether the code runs on the current thread. */
    synchronized boolean isOnCurrentThread() {
        return thread == Thread.currentThread();
    }

    /** Whether the run never ends because its thread waits for the process to end. */
    boolean isEndingTheProcess() {
        return Exits.isEndingTheProcess(runsOn);
    }

    /**
     * Gives up a thread that never returns; returns whether it was still in the code, and not yet in the decision about
     * the run.
     */
    synchronized boolean leaveLostThread() {
        boolean inCode = thread != null;
        thread = null;
        runsOn = null;
        return inCode;
    }

    /** The current thread decides about the run, in place of the run's own. */
    void decidedHere() {
        runsOn = Thread.currentThread();
    }

    /** The code continues in a stage. An earlier abort cancels it immediately. */
    void continueIn(CompletableFuture<?> running) {
        boolean aborted;
        runsOn = null;
        synchronized (this) {
            stage = running;
            aborted = abortReason != null;
        }
        if (aborted) {
            running.cancel(true);
        }
    }

    /** Runs an action if the run takes longer than the limit. */
    void limit(Duration limit, Runnable whenExceeded) {
        CompletableFuture<Boolean> ending = new CompletableFuture<>();
        CompletionStage<Boolean> told = ending.completeOnTimeout(true, limit.toMillis(), TimeUnit.MILLISECONDS);
        told.thenAccept(exceeded -> {
            if (exceeded) {
                whenExceeded.run();
            }
        });
        synchronized (this) {
            timer = ending;
        }
    }

    /** The run has ended: cancels its time limit, so that no timer references it. */
    synchronized void unlimit() {
        if (timer != null) {
            timer.complete(false);
        }
    }

    /**
     * Asks the code to stop, by the flag that it can check and by an interrupt; call {@link #cancelStage} afterwards. A
     * worker that shuts down asks again. Returns whether the code was asked now.
     */
    synchronized boolean abort(AbortReason reason) {
        if (abortReason != null && reason != AbortReason.SHUTDOWN) {
            return false;
        }
        if (abortReason == null) {
            abortReason = reason;
        }
        if (thread != null) {
            thread.interrupt();
        }
        return true;
    }

    /** Cancels the stage in which the code continues, if any. */
    void cancelStage() {
        CompletableFuture<?> current;
        synchronized (this) {
            current = stage;
        }
        if (current != null) {
            current.cancel(true);
        }
    }

    /**
     * Makes a result count only for its own run: {@code attempts} is the fencing token.
     *
     * @param jobId the job
     * @param attempts the runs before this one, as fetched
     * @param workerId the worker that fetched it
     */
    record Claim(long jobId, int attempts, long workerId) {

        JsonRows put(JsonRows row) {
            return row.put("id", jobId).put("attempts", attempts).put("worker_id", workerId);
        }
    }
}

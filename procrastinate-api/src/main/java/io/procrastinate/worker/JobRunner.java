package io.procrastinate.worker;

import io.procrastinate.connector.BlockingThreads;
import io.procrastinate.connector.Stages;
import io.procrastinate.exception.JobAbortedException;
import io.procrastinate.exception.JobTimeoutException;
import io.procrastinate.exception.TaskNotFoundException;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobManager;
import io.procrastinate.retry.JobRetryException;
import io.procrastinate.retry.RetryDecision;
import io.procrastinate.task.AbortReason;
import io.procrastinate.task.Task;
import io.procrastinate.task.TaskRegistry;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** Runs the code of jobs, each on a thread that may block, and judges how each run ended. Thread-safe. */
final class JobRunner {

    private static final Logger LOGGER = LoggerFactory.getLogger(JobRunner.class);

    private static final List<String> LOGGED_KEYS = List.of("worker", "job_id", "task", "queue");

    private final WorkerOptions options;
    private final TaskRegistry tasks;
    private final JobManager jobManager;
    private final Consumer<Ending> whenEnded;
    private final Runnable whenFreed;
    private final Map<Long, RunningJob> running = new ConcurrentHashMap<>();
    private final Runnable stopWorker;
    private final ExecutorService threads = BlockingThreads.perTask("procrastinate-job");

    /**
     * @param whenEnded takes each ending; the run counts as running until it has returned
     * @param whenFreed is called after a run has ceased to count as running
     * @param stopWorker what a job calls to stop its worker
     */
    JobRunner(
            WorkerOptions options,
            TaskRegistry tasks,
            JobManager jobManager,
            Consumer<Ending> whenEnded,
            Runnable whenFreed,
            Runnable stopWorker) {
        this.options = options;
        this.tasks = tasks;
        this.jobManager = jobManager;
        this.whenEnded = whenEnded;
        this.whenFreed = whenFreed;
        this.stopWorker = stopWorker;
    }

    /** How many more jobs may start. */
    int freeSlots() {
        return options.concurrency() - running.size();
    }

    /** Whether nothing runs. */
    boolean isIdle() {
        return running.isEmpty();
    }

    /** The runs under way. */
    Collection<RunningJob> running() {
        return List.copyOf(running.values());
    }

    /** Whether a run is still under way. */
    boolean isRunning(RunningJob run) {
        return running.get(run.job().id()) == run;
    }

    /** Starts a job that was fetched. */
    void start(Job job, long workerId) {
        RunningJob run = new RunningJob(job, workerId, options, tasks, jobManager, stopWorker);
        running.put(job.id(), run);
        threads.execute(() -> run(run));
    }

    /** Asks a job to stop, if it runs here. */
    void abort(long jobId, AbortReason reason) {
        RunningJob run = running.get(jobId);
        if (run != null) {
            LOGGER.info("Worker {}: job {} is asked to stop ({})", options.name(), jobId, reason);
            run.abort(reason);
        }
    }

    /** Gives up a run whose code does not stop: it no longer counts, whatever it will do. */
    void abandon(RunningJob run) {
        run.lose();
        if (running.containsKey(run.job().id())) {
            end(run, new Ending(run, Outcome.RETRIED, null, null, RetryDecision.now(), false, duration(run)));
        }
    }

    /** Lets go of the threads; code that still runs is not waited for. */
    void close() {
        threads.shutdown();
    }

    private void run(RunningJob run) {
        LOGGER.debug("Starting job {}", run.job().id());
        Optional<Task<?>> task = tasks.named(run.job().taskName());
        if (task.isEmpty()) {
            ended(
                    run,
                    null,
                    new TaskNotFoundException("No task named " + run.job().taskName()
                            + " is registered with this worker. Found: "
                            + tasks.all().stream().map(Task::name).toList()));
            return;
        }
        limit(run, task.get());
        Object value = null;
        Throwable failure = null;
        describe(run.job());
        run.enter();
        try {
            value = Task.around(options.middleware(), run, () -> task.get().run(run, run.job()))
                    .run();
        } catch (Throwable e) { // whatever the code throws is the job's failure, and must never end the worker
            failure = e;
        } finally {
            run.leave();
            LOGGED_KEYS.forEach(MDC::remove);
        }
        if (failure == null && value instanceof CompletionStage<?> stage) {
            run.continueIn(stage.toCompletableFuture());
            stage.whenComplete((result, thrown) -> ended(run, result, thrown));
        } else {
            ended(run, value, failure);
        }
    }

    /** Asks a run that takes longer than its task allows to stop. */
    private void limit(RunningJob run, Task<?> task) {
        Duration limit = task.timeout();
        if (limit != null) {
            Executor later = CompletableFuture.delayedExecutor(limit.toMillis(), TimeUnit.MILLISECONDS, threads);
            later.execute(() -> {
                if (isRunning(run)) {
                    run.abort(AbortReason.TIMEOUT);
                }
            });
        }
    }

    /** What the code logs tells which job it is of. */
    private void describe(Job job) {
        MDC.put("worker", options.name());
        MDC.put("job_id", Long.toString(job.id()));
        MDC.put("task", job.taskName());
        MDC.put("queue", job.queue());
    }

    private void ended(RunningJob run, @Nullable Object value, @Nullable Throwable failure) {
        end(run, failure == null ? success(run, value) : failure(run, Stages.cause(failure)));
    }

    private void end(RunningJob run, Ending ending) {
        synchronized (run) {
            if (!isRunning(run)) {
                return; // abandoned before
            }
            whenEnded.accept(ending);
            running.remove(run.job().id(), run);
        }
        whenFreed.run();
    }

    private Ending success(RunningJob run, @Nullable Object value) {
        return new Ending(
                run, Outcome.SUCCEEDED, value, null, null, options.deleteJobs() != DeleteJobs.NEVER, duration(run));
    }

    private Ending failure(RunningJob run, Throwable thrown) {
        AbortReason reason = isStop(thrown) ? run.abortReason() : null;
        if (reason == AbortReason.SHUTDOWN) {
            return failed(run, Outcome.GIVEN_BACK, thrown, null);
        }
        if (reason == AbortReason.USER_REQUEST || (reason == null && thrown instanceof JobAbortedException)) {
            return failed(run, Outcome.ABORTED, thrown, null);
        }
        Throwable failure = reason == AbortReason.TIMEOUT ? timedOut(run, thrown) : thrown;
        RetryDecision decision = decide(run.job(), failure);
        return failed(run, decision == null ? Outcome.FAILED : Outcome.RETRIED, failure, decision);
    }

    private Ending failed(RunningJob run, Outcome outcome, Throwable failure, @Nullable RetryDecision decision) {
        boolean delete = options.deleteJobs() == DeleteJobs.ALWAYS;
        return new Ending(run, outcome, null, failure, decision, delete, duration(run));
    }

    private JobTimeoutException timedOut(RunningJob run, Throwable thrown) {
        String allowed = tasks.named(run.job().taskName())
                .map(task -> String.valueOf(task.timeout()))
                .orElse("its limit");
        return new JobTimeoutException(
                "The job ran longer than its task " + run.job().taskName() + " allows, " + allowed, thrown);
    }

    /** Whether code ended because it was told to, rather than by a failure of its own. */
    private static boolean isStop(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof JobAbortedException
                    || cause instanceof InterruptedException
                    || cause instanceof CancellationException) {
                return true;
            }
        }
        return false;
    }

    private @Nullable RetryDecision decide(Job job, Throwable failure) {
        if (failure instanceof TaskNotFoundException) {
            return null;
        }
        if (failure instanceof JobRetryException asked) {
            return asked.decision();
        }
        return Retries.decide(tasks, job, failure);
    }

    private static Duration duration(RunningJob run) {
        return Duration.ofNanos(run.nanosSinceStart());
    }
}

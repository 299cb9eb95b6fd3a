package io.procrastinate.worker;

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
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.slf4j.event.Level;

/** Runs the code of jobs, each on a thread that may block, and judges how each run ended. Thread-safe. */
final class JobRunner {

    private static final List<String> LOGGED_KEYS = List.of("worker", "job_id", "task", "queue");
    /** Causes may go round in a circle. */
    private static final int MOST_CAUSES = 50;

    private final WorkerOptions options;
    private final WorkerLog log;
    private final TaskRegistry tasks;
    private final JobManager jobManager;
    private final Consumer<Ending> whenEnded;
    private final Runnable whenFreed;
    private final Map<Long, RunningJob> running = new ConcurrentHashMap<>();
    private final Runnable stopWorker;
    private final Executor threads;

    /**
     * @param threads where the code of jobs runs
     * @param whenEnded takes each ending; the run counts as running until it has returned
     * @param whenFreed is called after a run has ceased to count as running
     * @param stopWorker what a job calls to stop its worker
     */
    JobRunner(
            WorkerOptions options,
            WorkerLog log,
            Executor threads,
            TaskRegistry tasks,
            JobManager jobManager,
            Consumer<Ending> whenEnded,
            Runnable whenFreed,
            Runnable stopWorker) {
        this.options = options;
        this.log = log;
        this.threads = threads;
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

    /** Starts a job that was fetched. Where no thread can be had this throws, and the job does not count as running. */
    void start(Job job, long workerId) {
        RunningJob run = new RunningJob(job, workerId, options, tasks, jobManager, stopWorker);
        running.put(job.id(), run);
        try {
            threads.execute(() -> run(run));
        } catch (RuntimeException | Error e) {
            running.remove(job.id(), run);
            throw e;
        }
    }

    /** Asks a job to stop, if it runs here and has not been asked before. */
    void abort(long jobId, AbortReason reason) {
        RunningJob run = running.get(jobId);
        if (run != null) {
            abort(run, reason);
        }
    }

    private void abort(RunningJob run, AbortReason reason) {
        if (run.abort(reason)) {
            log.event(Level.INFO, "abort_job", run.job())
                    .log(
                            "Worker {}: job {} is asked to stop ({})",
                            options.name(),
                            run.job().id(),
                            reason);
            // Whatever the application has hung on the stage runs within the cancellation: not on the caller's thread.
            threads.execute(run::cancelStage);
        }
    }

    /** Marks a run that the database has taken away, unless it has ended meanwhile. */
    void lose(RunningJob run) {
        synchronized (run) {
            if (isRunning(run) && run.lose()) {
                log.event(Level.WARN, "job_lost", run.job())
                        .log(
                                "Worker {}: lost job {}, its result will not be stored",
                                options.name(),
                                run.job().id());
            }
        }
    }

    /** Gives up a run whose code does not stop: it no longer counts, whatever it will do. */
    void abandon(RunningJob run) {
        run.lose();
        if (running.containsKey(run.job().id())) {
            end(run, new Ending(run, Outcome.RETRIED, null, null, RetryDecision.now(), false, duration(run)));
        }
    }

    private void run(RunningJob run) {
        log.starting(run);
        Object value = null;
        Throwable failure = null;
        describe(run.job());
        run.enter();
        try {
            Task<?> task = task(run.job());
            limit(run, task);
            value = Task.around(options.middleware(), run, () -> task.run(run, run.job()))
                    .run();
        } catch (Throwable e) { // whatever the code throws is the job's failure, and must never end the worker
            failure = e;
        } finally {
            run.leave();
            LOGGED_KEYS.forEach(MDC::remove);
        }
        if (failure == null && value instanceof CompletionStage<?> stage) {
            goOn(run, stage);
        } else {
            ended(run, value, failure);
        }
    }

    private Task<?> task(Job job) {
        return tasks.named(job.taskName())
                .orElseThrow(() -> new TaskNotFoundException("No task named " + job.taskName()
                        + " is registered with this worker. Found: "
                        + tasks.all().stream().map(Task::name).toList()));
    }

    /** What the code logs tells which job it is of. */
    private void describe(Job job) {
        MDC.put("worker", options.name());
        MDC.put("job_id", Long.toString(job.id()));
        MDC.put("task", job.taskName());
        MDC.put("queue", job.queue());
    }

    /** Asks a run that takes longer than its task allows to stop. */
    private void limit(RunningJob run, Task<?> task) {
        Duration limit = task.timeout();
        if (limit != null) {
            run.limit(limit, () -> {
                if (isRunning(run)) {
                    abort(run, AbortReason.TIMEOUT);
                }
            });
        }
    }

    private void goOn(RunningJob run, CompletionStage<?> stage) {
        try {
            CompletableFuture<?> future = stage.toCompletableFuture();
            run.continueIn(future);
            ((CompletionStage<?>) future).whenComplete((result, thrown) -> ended(run, result, thrown));
        } catch (RuntimeException | Error e) { // a stage need not offer a future
            ended(run, null, e);
        }
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
        run.unlimit();
        whenFreed.run();
    }

    private boolean isRunning(RunningJob run) {
        return running.get(run.job().id()) == run;
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
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < MOST_CAUSES; depth++) {
            if (cause instanceof JobAbortedException
                    || cause instanceof InterruptedException
                    || cause instanceof ClosedByInterruptException
                    || cause instanceof CancellationException) {
                return true;
            }
            cause = cause.getCause();
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

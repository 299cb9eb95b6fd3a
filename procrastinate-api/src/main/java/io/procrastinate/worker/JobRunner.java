package io.procrastinate.worker;

import io.procrastinate.driver.Stages;
import io.procrastinate.exception.JobStalledException;
import io.procrastinate.exception.TaskNotFoundException;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobManager;
import io.procrastinate.task.AbortReason;
import io.procrastinate.task.Task;
import io.procrastinate.task.TaskRegistry;
import io.procrastinate.text.Printable;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.slf4j.event.Level;

/** Runs the code of jobs, each on a thread that may block. Thread-safe. */
final class JobRunner {

    private final WorkerOptions options;
    private final WorkerLog log;
    private final TaskRegistry tasks;
    private final JobManager jobManager;
    private final Consumer<Ending> whenEnded;
    private final Runnable whenFreed;
    private final Set<RunningJob> running = ConcurrentHashMap.newKeySet();
    /** The last run started for each job: an earlier one that was taken away may go on beside it. */
    private final Map<Long, RunningJob> lastRuns = new ConcurrentHashMap<>();

    private final Slots slots;
    private final OutcomeDecider outcomes;
    private final Runnable stopWorker;
    private final Executor threads;
    private final RunThreads runThreads;
    private final Listeners listeners;

    /**
     * @param threads the threads that run the code of jobs
     * @param whenEnded takes each ending; the run counts as running until the call has returned
     * @param whenFreed called after a run has ceased to count as running
     * @param stopWorker stops the worker, for its jobs
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
        this.runThreads = new RunThreads(threads, this::run, this::refused);
        this.tasks = tasks;
        this.jobManager = jobManager;
        this.whenEnded = whenEnded;
        this.whenFreed = whenFreed;
        this.stopWorker = stopWorker;
        this.outcomes = new OutcomeDecider(options, tasks);
        this.slots = new Slots(options, System::nanoTime);
        this.listeners = new Listeners(options);
    }

    /** How many more jobs can start without waiting; negative if some are waiting. */
    int freeSlots() {
        return options.concurrency() - running.size();
    }

    /** How many jobs may wait in the local queue. */
    int room() {
        return slots.room();
    }

    /** Whether nothing runs. */
    boolean isIdle() {
        return running.isEmpty();
    }

    /** The runs that have not ended, including those in the local queue. */
    Collection<RunningJob> running() {
        return List.copyOf(running);
    }

    /** Whether the current thread is in the code of a run. */
    boolean isInJob() {
        return running.stream().anyMatch(RunningJob::isOnCurrentThread);
    }

    /** How many runs have begun and not ended. */
    int begun() {
        return Math.max(0, running.size() - waiting());
    }

    /** How many jobs wait in the local queue. */
    int waiting() {
        return slots.waiting();
    }

    /**
     * Starts a fetched job, or lets it wait in the local queue. If no thread is available this throws, and the job does
     * not count as running.
     */
    void start(Job job, long workerId) {
        RunningJob run = new RunningJob(job, workerId, options, tasks, jobManager, stopWorker);
        running.add(run);
        RunningJob earlier = lastRuns.put(job.id(), run);
        if (earlier != null) {
            lose(earlier);
        }
        try {
            if (slots.enter(run)) {
                runThreads.run(run);
            }
        } catch (RuntimeException | Error e) {
            forget(run);
            throw e;
        }
    }

    /** No thread is available: gives the run back. */
    private void refused(RunningJob run, Throwable refusal) {
        for (RunningJob next = run; next != null; next = slots.leave()) {
            withdrawn(next, Outcome.GIVEN_BACK, refusal);
        }
    }

    /**
     * Gives back the jobs that have waited too long in the local queue; returns how long until the next one has, or
     * null.
     */
    @Nullable
    Duration giveBackExpired() {
        slots.expired().forEach(run -> withdrawn(run, Outcome.GIVEN_BACK, null));
        return slots.untilExpiry();
    }

    /** Gives back the jobs in the local queue. From now on a job that cannot begin immediately is refused. */
    void stopWaiting() {
        slots.close().forEach(run -> withdrawn(run, Outcome.GIVEN_BACK, null));
    }

    /** Ends a run that had not begun, and never will. */
    private void withdrawn(RunningJob run, Outcome outcome, @Nullable Throwable failure) {
        if (conclude(run, outcomes.failed(run, outcome, failure, null))) {
            whenFreed.run();
        }
    }

    /** Asks a run to stop, if it has not been asked before. */
    void abort(RunningJob run, AbortReason reason) {
        if (run.abort(reason)) {
            log.event(Level.INFO, "abort_job", run)
                    .log(
                            "Worker {}: job {} is asked to stop ({})",
                            options.name(),
                            run.job().id(),
                            reason);
            if (slots.withdraw(run)) {
                boolean requested = reason == AbortReason.USER_REQUEST;
                withdrawn(run, requested ? Outcome.ABORTED : Outcome.GIVEN_BACK, null);
            } else {
                cancelStage(run);
            }
        }
    }

    /**
     * The cancellation runs whatever the application has attached to the stage, so it must not happen on the caller's
     * thread.
     */
    private void cancelStage(RunningJob run) {
        try {
            threads.execute(run::cancelStage);
        } catch (RejectedExecutionException e) {
            // The interrupt has ended the run, and its worker has stopped meanwhile: no stage is left.
        }
    }

    /** Marks a run that the database has taken away, unless the run has ended meanwhile. */
    void lose(RunningJob run) {
        if (slots.withdraw(run)) {
            withdrawn(run, Outcome.GIVEN_BACK, null); // its result, which the database refuses
            return;
        }
        synchronized (run) {
            if (running.contains(run) && run.lose()) {
                log.event(Level.WARN, "job_lost", run)
                        .log(
                                "Worker {}: lost job {}, its result will not be stored",
                                options.name(),
                                run.job().id());
            }
        }
    }

    /** Gives back the job of a run whose code does not stop: the run no longer counts, whatever it does. */
    void abandon(RunningJob run) {
        run.lose();
        begin(end(run, outcomes.failed(run, Outcome.GIVEN_BACK, null, null)));
    }

    /**
     * Ends the runs whose code ends the process and never returns, like those of a dead worker. The retry strategy is
     * called on a thread that may be lost, too: the strategy may be what ends the process.
     */
    void endExits() {
        running().stream().filter(RunningJob::isEndingTheProcess).forEach(run -> {
            run.lose();
            JobStalledException failure =
                    new JobStalledException("Job " + run.job().id() + " ended the process of its worker");
            if (run.leaveLostThread()) {
                threads.execute(() -> {
                    run.decidedHere();
                    begin(end(run, outcomes.failure(run, failure)));
                });
            } else {
                begin(end(run, outcomes.failed(run, Outcome.FAILED, failure, null)));
            }
        });
    }

    /** Returns the run that begins in its place, if it has ended and there is one. */
    private @Nullable RunningJob run(RunningJob run) {
        run.begin();
        ThreadState before = ThreadState.now();
        Object value = null;
        Throwable failure = null;
        try {
            value = call(run);
        } catch (Throwable e) { // whatever the code or the log throws fails the job, but must never end the worker
            failure = e;
        } finally {
            run.leave();
            before.restore();
        }
        if (failure == null && value instanceof CompletionStage<?> stage) {
            goOn(run, stage);
            return null;
        }
        return ended(run, value, failure);
    }

    private @Nullable Object call(RunningJob run) throws Exception {
        log.starting(run);
        describe(run.job());
        listeners.each(listener -> listener.jobStarted(run));
        run.enter();
        Task<?> task = task(run.job());
        limit(run, task);
        return Task.around(options.middleware(), run, () -> task.run(run, run.job()))
                .run();
    }

    private Task<?> task(Job job) {
        return tasks.named(job.taskName())
                .orElseThrow(() -> new TaskNotFoundException("No task named " + Printable.text(job.taskName())
                        + " is registered with this worker. Found: "
                        + tasks.all().stream().map(Task::name).toList()));
    }

    /** Tags the task's log lines with its job. */
    private void describe(Job job) {
        MDC.put("worker", options.name());
        MDC.put("job_id", Long.toString(job.id()));
        MDC.put("task", Printable.text(job.taskName()));
        MDC.put("queue", Printable.text(job.queue()));
    }

    /** Asks a run to stop if it takes longer than its task allows. */
    private void limit(RunningJob run, Task<?> task) {
        Duration limit = task.timeout();
        if (limit != null) {
            run.limit(limit, () -> {
                if (running.contains(run)) {
                    abort(run, AbortReason.TIMEOUT);
                }
            });
        }
    }

    private void goOn(RunningJob run, CompletionStage<?> stage) {
        try {
            CompletableFuture<?> future = stage.toCompletableFuture();
            run.continueIn(future);
            ((CompletionStage<?>) future).whenComplete((result, thrown) -> begin(ended(run, result, thrown)));
        } catch (RuntimeException | Error e) { // a stage need not support conversion to a future
            begin(ended(run, null, e));
        }
    }

    private void begin(@Nullable RunningJob next) {
        if (next != null) {
            runThreads.run(next);
        }
    }

    private @Nullable RunningJob ended(RunningJob run, @Nullable Object value, @Nullable Throwable failure) {
        return end(run, endingOf(run, value, failure));
    }

    private Ending endingOf(RunningJob run, @Nullable Object value, @Nullable Throwable failure) {
        if (failure == null) {
            return outcomes.success(run, value);
        }
        try {
            return outcomes.failure(run, Stages.cause(failure));
        } catch (RuntimeException | Error e) { // the exception's own code, such as its getCause()
            return outcomes.failed(run, Outcome.FAILED, failure, null);
        }
    }

    /** Returns the run that begins in its place, if any. */
    private @Nullable RunningJob end(RunningJob run, Ending ending) {
        if (!conclude(run, ending)) {
            return null;
        }
        RunningJob next = slots.leave();
        whenFreed.run();
        return next;
    }

    /** Ends a run's counting as running; returns false if it was already abandoned. */
    private boolean conclude(RunningJob run, Ending ending) {
        synchronized (run) {
            if (!running.contains(run)) {
                return false;
            }
            whenEnded.accept(ending);
            forget(run);
        }
        run.unlimit();
        return true;
    }

    private void forget(RunningJob run) {
        running.remove(run);
        lastRuns.remove(run.job().id(), run);
    }
}

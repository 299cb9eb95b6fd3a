package io.procrastinate.task;

import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.job.BulkProgress;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.NewJob;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.text.Printable;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * A deferral with options of its own. Each option returns a new deferrer, so one can be kept and reused. Immutable and
 * thread-safe.
 *
 * @param <A> the type of the task's argument
 */
public final class JobDeferrer<A> {

    private static final Logger LOGGER = LoggerFactory.getLogger(JobDeferrer.class);

    private final TaskRegistry registry;
    private final @Nullable Task<?> task;
    private final NewJob template;
    private final JobManager jobManager;

    /** @param task the task, or null if it is another program's */
    private JobDeferrer(TaskRegistry registry, @Nullable Task<?> task, NewJob template, JobManager jobManager) {
        this.registry = registry;
        this.task = task;
        this.template = template;
        this.jobManager = jobManager;
    }

    static <A> JobDeferrer<A> of(TaskRegistry registry, Task<?> task) {
        return of(registry, task, task.name());
    }

    static <A> JobDeferrer<A> of(TaskRegistry registry, Task<?> task, String name) {
        return new JobDeferrer<>(
                registry,
                task,
                NewJob.of(name)
                        .queue(task.queue())
                        .priority(task.priority())
                        .lock(task.lock())
                        .queueingLock(task.queueingLock()),
                registry.jobManager());
    }

    static <A> JobDeferrer<A> external(TaskRegistry registry, String name) {
        return new JobDeferrer<>(registry, null, NewJob.of(name), registry.jobManager());
    }

    /**
     * Puts the job in another queue.
     *
     * @throws InvalidJobException if the name has more than {@value NewJob#MOST_QUEUE_BYTES} bytes
     */
    public JobDeferrer<A> queue(String name) {
        return with(template.queue(name));
    }

    /** Sets the priority: higher values run first. */
    public JobDeferrer<A> priority(int value) {
        return with(template.priority(value));
    }

    /** Sets the lock: jobs of one lock run one at a time, in order; null for none. */
    public JobDeferrer<A> lock(@Nullable String name) {
        return with(template.lock(name));
    }

    /** Sets the queueing lock: only one waiting job may have it; null for none. */
    public JobDeferrer<A> queueingLock(@Nullable String name) {
        return with(template.queueingLock(name));
    }

    /**
     * Sets the instant before which the job does not run.
     *
     * @throws InvalidJobException if it is outside the years 1 to 9999, or {@link #in} was set
     */
    public JobDeferrer<A> at(Instant instant) {
        return with(template.at(instant));
    }

    /**
     * Sets the time that must pass on the database's clock before the job runs. A delay beyond the year 9999 leads to
     * its end.
     *
     * @throws InvalidJobException if {@link #at} was set
     */
    public JobDeferrer<A> in(Duration delay) {
        return with(template.in(delay));
    }

    /**
     * Inserts on a connection of the caller, inside the caller's transaction: the job exists once that commits, and
     * never does if it rolls back.
     *
     * @param connection of a kind that the app's connector knows, such as {@link java.sql.Connection}
     */
    public JobDeferrer<A> on(Object connection) {
        return new JobDeferrer<>(registry, task, template, registry.jobManager().on(connection));
    }

    /**
     * Defers a job. Concurrent calls may share a statement: see {@link JobManager#defer(NewJob)}.
     *
     * @return the job's id
     * @throws InvalidJobException if the arguments are not a JSON object, cannot be stored, or do not fit the task
     * @throws io.procrastinate.exception.AlreadyEnqueuedException if a waiting job has the queueing lock
     */
    public long defer(A args) {
        long id = jobManager.defer(job(args));
        logDeferred(List.of(id));
        return id;
    }

    /** Defers a job, as {@link #defer}; bad arguments fail the stage. */
    public CompletionStage<Long> deferAsync(A args) {
        NewJob job;
        try {
            job = job(args);
        } catch (InvalidJobException e) {
            return CompletableFuture.failedFuture(e);
        }
        return jobManager.deferAsync(job).thenApply(id -> {
            logDeferred(List.of(id));
            return id;
        });
    }

    /**
     * Defers a job or, if a waiting job has its queueing lock, returns that one.
     *
     * @return the id of the new job, or of the waiting one
     * @throws InvalidJobException if the arguments are not a JSON object, cannot be stored, or do not fit the task
     */
    public long deferOrFind(A args) {
        try {
            return defer(args);
        } catch (AlreadyEnqueuedException e) {
            if (e.waitingJobId() == null) {
                throw e;
            }
            return e.waitingJobId();
        }
    }

    /** Defers a job or returns the waiting one, as {@link #deferOrFind}. */
    public CompletionStage<Long> deferOrFindAsync(A args) {
        return findWaiting(deferAsync(args));
    }

    /**
     * Defers a job, unless a waiting job has its queueing lock.
     *
     * @return the id of the new job; empty if none was deferred
     * @throws InvalidJobException if the arguments are not a JSON object, cannot be stored, or do not fit the task
     */
    public OptionalLong deferUnlessWaiting(A args) {
        try {
            return OptionalLong.of(defer(args));
        } catch (AlreadyEnqueuedException e) {
            return OptionalLong.empty();
        }
    }

    /** Defers a job unless one is waiting, as {@link #deferUnlessWaiting}. */
    public CompletionStage<OptionalLong> deferUnlessWaitingAsync(A args) {
        return unlessWaiting(deferAsync(args));
    }

    /**
     * Returns the job that would be deferred. {@link JobManager#batchDefer} defers jobs of several tasks, each with
     * options of its own, in one batch.
     *
     * @throws InvalidJobException if the arguments are not a JSON object, cannot be stored, or do not fit the task
     */
    public NewJob job(A args) {
        NewJob job;
        try {
            JsonCodec codec = registry.codec();
            job = template.args(task == null ? codec.write(args) : task.write(codec, args));
        } catch (IllegalArgumentException e) {
            throw new InvalidJobException(
                    "The arguments of " + Printable.text(template.taskName()) + " are of "
                            + args.getClass().getName() + ". " + Printable.text(String.valueOf(e.getMessage())),
                    e);
        }
        if (task != null) {
            task.requireDeferrable(registry.codec(), args, job.args());
        }
        return job;
    }

    private static CompletionStage<Long> findWaiting(CompletionStage<Long> deferred) {
        return deferred.exceptionally(failure -> {
            if (Stages.cause(failure) instanceof AlreadyEnqueuedException taken && taken.waitingJobId() != null) {
                return taken.waitingJobId();
            }
            throw rethrown(failure);
        });
    }

    private static CompletionStage<OptionalLong> unlessWaiting(CompletionStage<Long> deferred) {
        return deferred.thenApply(OptionalLong::of).exceptionally(failure -> {
            if (Stages.cause(failure) instanceof AlreadyEnqueuedException) {
                return OptionalLong.empty();
            }
            throw rethrown(failure);
        });
    }

    private static CompletionException rethrown(Throwable failure) {
        return new CompletionException(Stages.cause(failure));
    }

    /**
     * Defers a job for each argument, up to 1,000 of them in one statement: see
     * {@link JobManager#batchDefer}.
     *
     * @return the ids in the same order
     */
    public List<Long> batchDefer(List<A> args) {
        List<Long> ids = jobManager.batchDefer(jobs(args));
        logDeferred(ids);
        return ids;
    }

    /** Defers a job for each argument, as {@link #batchDefer}; bad arguments fail the stage. */
    public CompletionStage<List<Long>> batchDeferAsync(List<A> args) {
        List<NewJob> jobs;
        try {
            jobs = jobs(args);
        } catch (InvalidJobException e) {
            return CompletableFuture.failedFuture(e);
        }
        return jobManager.batchDeferAsync(jobs).thenApply(ids -> {
            logDeferred(ids);
            return ids;
        });
    }

    /**
     * Defers a job for each argument of a source that may be very long: see
     * {@link JobManager#deferAll}.
     *
     * @param args the source; a {@link java.util.stream.Stream} gives one by {@code iterator()}
     * @param progress called after each statement
     * @return how many jobs were deferred
     * @throws io.procrastinate.exception.BulkDeferException if it stops early for any reason, bad arguments included
     */
    public long deferAll(Iterator<? extends A> args, Consumer<BulkProgress> progress) {
        long deferred = jobManager.deferAll(jobs(args), progress);
        logDeferred(deferred);
        return deferred;
    }

    /**
     * Defers a job for each argument, as {@link #deferAll}; the source is read on the threads on which stages complete.
     */
    public CompletionStage<Long> deferAllAsync(Iterator<? extends A> args, Consumer<BulkProgress> progress) {
        return jobManager.deferAllAsync(jobs(args), progress).thenApply(deferred -> {
            logDeferred(deferred);
            return deferred;
        });
    }

    private Iterator<NewJob> jobs(Iterator<? extends A> args) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return args.hasNext();
            }

            @Override
            public NewJob next() {
                return job(args.next());
            }
        };
    }

    private List<NewJob> jobs(List<A> args) {
        return args.stream().map(this::job).toList();
    }

    private JobDeferrer<A> with(NewJob changed) {
        return new JobDeferrer<>(registry, task, changed, jobManager);
    }

    private void logDeferred(List<Long> ids) {
        if (ids.size() == 1) {
            logged().addKeyValue("job_id", ids.get(0))
                    .log("Deferred job {} {}", Printable.text(template.taskName()), ids.get(0));
        } else {
            logDeferred(ids.size());
        }
    }

    private void logDeferred(long count) {
        logged().log("Deferred {} jobs {}", count, Printable.text(template.taskName()));
    }

    private LoggingEventBuilder logged() {
        return LOGGER.atDebug()
                .addKeyValue("action", "jobs_deferred")
                .addKeyValue("task", Printable.text(template.taskName()));
    }
}

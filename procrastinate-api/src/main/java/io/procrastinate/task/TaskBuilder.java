package io.procrastinate.task;

import io.procrastinate.driver.Durations;
import io.procrastinate.exception.TaskAlreadyRegisteredException;
import io.procrastinate.retry.RetryStrategy;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Declares a task: options first, then its code, which registers it. Not thread-safe.
 *
 * @param <A> the type of its argument
 */
public final class TaskBuilder<A> {

    private final Function<Task<A>, Task<A>> registration;
    private final String name;
    private final Type argument;
    private final List<String> aliases = new ArrayList<>();
    private String queue = Task.DEFAULT_QUEUE;
    private int priority;
    private @Nullable String lock;
    private @Nullable String queueingLock;
    private RetryStrategy retryStrategy = RetryStrategy.never();
    private final List<Middleware> middleware = new ArrayList<>();
    private @Nullable Duration timeout;
    private boolean storesResult;
    private final Map<String, Periodic> periodics = new LinkedHashMap<>();

    TaskBuilder(Function<Task<A>, Task<A>> registration, String name, Type argument) {
        this.registration = registration;
        this.name = name;
        this.argument = argument;
    }

    /** Adds names that jobs of this task may have in the database, such as a former one. */
    public TaskBuilder<A> aliases(String... names) {
        aliases.addAll(List.of(names));
        return this;
    }

    /** Sets the queue of its jobs; {@value Task#DEFAULT_QUEUE} unless set. */
    public TaskBuilder<A> queue(String queueName) {
        this.queue = queueName;
        return this;
    }

    /** Sets the priority of its jobs: higher values run first; 0 unless set. */
    public TaskBuilder<A> priority(int value) {
        this.priority = value;
        return this;
    }

    /** Sets the lock of its jobs: jobs of one lock run one at a time, in order. */
    public TaskBuilder<A> lock(String name) {
        this.lock = name;
        return this;
    }

    /** Sets the queueing lock of its jobs: only one waiting job may have it. */
    public TaskBuilder<A> queueingLock(String name) {
        this.queueingLock = name;
        return this;
    }

    /** Sets when a failed job runs again; never unless set. */
    public TaskBuilder<A> retry(RetryStrategy strategy) {
        this.retryStrategy = strategy;
        return this;
    }

    /** Sets how often a failed job runs again, immediately each time; at least 1. */
    public TaskBuilder<A> retry(int times) {
        return retry(RetryStrategy.times(times));
    }

    /** Lets workers defer its jobs by a cron expression, in UTC, as {@link Periodic#cron}. */
    public TaskBuilder<A> periodic(String cron) {
        return periodic(Periodic.cron(cron));
    }

    /**
     * Lets workers defer its jobs on a schedule. Several schedules of one task need ids.
     *
     * @throws TaskAlreadyRegisteredException if the task has a schedule of this id
     */
    public TaskBuilder<A> periodic(Periodic periodic) {
        if (periodics.putIfAbsent(periodic.id(), periodic) != null) {
            throw new TaskAlreadyRegisteredException(
                    "A periodic task was already registered with the same periodic id '" + periodic.id() + "' (" + name
                            + "). Give each schedule an id of its own.");
        }
        return this;
    }

    /** Adds middleware around its code; the first one added is the outermost. */
    public TaskBuilder<A> middleware(Middleware around) {
        middleware.add(around);
        return this;
    }

    /**
     * Limits how long a run may take; there is no limit unless set. A run that takes longer is asked to stop, as by an
     * abort, and fails with {@link io.procrastinate.exception.JobTimeoutException}, which its retry strategy sees.
     *
     * @param limit positive; more than 100 years, such as {@code ChronoUnit.FOREVER.getDuration()}, means for ever
     * @throws IllegalArgumentException if it is negative or zero
     */
    public TaskBuilder<A> timeout(Duration limit) {
        this.timeout = Durations.positive("time-out of a run", limit);
        return this;
    }

    /**
     * Sets whether what its code returns is stored in the job's row, as JSON of the app's codec; false unless set.
     * {@link io.procrastinate.job.Job#result()} returns it until the row is deleted. If a result cannot be written as
     * JSON, or its JSON is longer than {@value Task#MOST_RESULT_CHARACTERS} characters, that is logged, and the job
     * succeeds without a stored result. Needs the layout of this library
     * ({@link io.procrastinate.schema.SchemaLayout#OPTIMIZED}): the original's tables have no column for it.
     */
    public TaskBuilder<A> storeResult(boolean store) {
        this.storesResult = store;
        return this;
    }

    /**
     * Registers code without a result.
     *
     * @throws TaskAlreadyRegisteredException if one of the names is taken
     * @throws io.procrastinate.exception.InvalidJobException if the queue or a lock cannot be stored; if the task
     *     belongs to an app, also if the jobs of a schedule could not be stored, for instance because of their
     *     arguments
     */
    public Task<A> run(TaskAction<A> code) {
        return body((context, args) -> {
            code.run(args);
            return null;
        });
    }

    /**
     * Registers code with a result, which is logged; a {@link CompletionStage} is awaited without blocking a thread.
     * Throws as {@link #run} does.
     */
    public Task<A> call(TaskFunction<A> code) {
        return body((context, args) -> code.call(args));
    }

    /** Registers code that uses its job's context. Throws as {@link #run} does. */
    public Task<A> body(TaskBody<A> code) {
        TaskOptions options = new TaskOptions(
                aliases,
                queue,
                priority,
                lock,
                queueingLock,
                retryStrategy,
                List.copyOf(periodics.values()),
                middleware,
                timeout,
                storesResult);
        return registration.apply(new Task<>(name, argument, options, code));
    }
}

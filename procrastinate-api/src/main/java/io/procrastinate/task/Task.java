package io.procrastinate.task;

import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.exception.UnboundTaskException;
import io.procrastinate.job.Job;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.retry.RetryStrategy;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Named code with a typed argument. Its argument is a record, whose components are the job's arguments by name, or a map with
 * text keys. Made by {@link Blueprint#task}. Thread-safe.
 *
 * @param <A> the type of its argument
 */
public final class Task<A> {

    /** The queue of jobs for which none is named. */
    public static final String DEFAULT_QUEUE = "default";

    private final Type argument;
    private final ArgumentTypes types;
    private final TaskOptions options;
    private final TaskBody<A> body;
    private volatile String name;
    private volatile List<String> aliases;
    private volatile @Nullable TaskRegistry registry;

    Task(String name, Type argument, TaskOptions options, TaskBody<A> body) {
        this.name = name;
        this.aliases = options.aliases();
        this.argument = argument;
        this.types = body instanceof TaskMethod method ? method.types(argument) : ArgumentTypes.of(argument);
        this.options = options;
        this.body = body;
    }

    /** The name under which its jobs stand in the database, with the namespaces of the blueprints that it came through. */
    public String name() {
        return name;
    }

    /** Further names under which its jobs may stand in the database. */
    public List<String> aliases() {
        return aliases;
    }

    /** The queue of its jobs unless a deferral says otherwise. */
    public String queue() {
        return options.queue();
    }

    /** The priority of its jobs unless a deferral says otherwise. */
    public int priority() {
        return options.priority();
    }

    /** The lock of its jobs unless a deferral says otherwise, or null for none. */
    public @Nullable String lock() {
        return options.lock();
    }

    /** The queueing lock of its jobs unless a deferral says otherwise, or null for none. */
    public @Nullable String queueingLock() {
        return options.queueingLock();
    }

    /** When a job of it that failed runs again. */
    public RetryStrategy retryStrategy() {
        return options.retryStrategy();
    }

    /** How long a run may take, or null for no limit. */
    public @Nullable Duration timeout() {
        return options.timeout();
    }

    /** When workers defer its jobs by themselves. */
    public List<Periodic> periodics() {
        return options.periodics();
    }

    /** Starts a deferral with options of its own. */
    public JobDeferrer<A> configure() {
        return JobDeferrer.of(requireRegistry(), this);
    }

    /**
     * Defers a job with the task's options.
     *
     * @return the job's id
     */
    public long defer(A args) {
        return configure().defer(args);
    }

    /** Defers a job, as {@link #defer}. */
    public CompletionStage<Long> deferAsync(A args) {
        return configure().deferAsync(args);
    }

    /**
     * Defers a job for each argument.
     *
     * @return the ids in the same order
     */
    public List<Long> batchDefer(List<A> args) {
        return configure().batchDefer(args);
    }

    /** Defers a job for each argument, as {@link #batchDefer}. */
    public CompletionStage<List<Long>> batchDeferAsync(List<A> args) {
        return configure().batchDeferAsync(args);
    }

    /**
     * Runs the code for a job: what a worker does.
     *
     * @throws InvalidJobException when the job's arguments do not fit the task's type
     * @throws Exception when the code fails
     */
    public @Nullable Object run(JobContext context, Job job) throws Exception {
        Middleware.Next next = () -> body.run(context, read(job.args()));
        return around(options.middleware(), context, next).run();
    }

    /** Puts middleware around something, the first of the list outermost. */
    public static Middleware.Next around(List<Middleware> middleware, JobContext context, Middleware.Next inner) {
        Middleware.Next next = inner;
        for (int index = middleware.size() - 1; index >= 0; index--) {
            Middleware outer = middleware.get(index);
            Middleware.Next within = next;
            next = () -> outer.around(context, within);
        }
        return next;
    }

    /**
     * Writes arguments that are to be deferred.
     *
     * @throws IllegalArgumentException when they cannot be written, or could not be read; the message says which and why
     */
    String write(JsonCodec codec, Object args) {
        return types.write(codec, args);
    }

    @SuppressWarnings("unchecked") // the codec read it as the type that the task was declared with
    private A read(String json) {
        Object args;
        try {
            args = requireRegistry().codec().read(json, argument);
        } catch (IllegalArgumentException e) {
            throw new InvalidJobException("The arguments do not fit the task " + name + ": " + e.getMessage(), e);
        }
        if (args == null) {
            throw new InvalidJobException("The arguments of the task " + name + " are null");
        }
        return (A) args;
    }

    /** Gives the task to an app, under its name in the app. */
    void bind(TaskRegistry owner) {
        this.registry = owner;
    }

    boolean isBound() {
        return registry != null;
    }

    synchronized void addAlias(String alias) {
        aliases = Stream.concat(aliases.stream(), Stream.of(alias)).toList();
    }

    /** Puts the task below a namespace. */
    synchronized void rename(String namespace) {
        name = below(namespace, name);
        aliases = aliases.stream().map(alias -> below(namespace, alias)).toList();
    }

    static String below(String namespace, String name) {
        return namespace + ":" + name;
    }

    private TaskRegistry requireRegistry() {
        TaskRegistry owner = registry;
        if (owner == null) {
            throw new UnboundTaskException("The task " + name
                    + " belongs to a blueprint that no app has. Call app.addTasksFrom(blueprint, namespace) first.");
        }
        return owner;
    }

    @Override
    public String toString() {
        return "Task[" + name + "]";
    }
}

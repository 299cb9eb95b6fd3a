package io.procrastinate.task;

import io.procrastinate.annotation.Internal;
import io.procrastinate.exception.InvalidArgumentsException;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.exception.UnboundTaskException;
import io.procrastinate.job.Job;
import io.procrastinate.job.NewJob;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.retry.RetryStrategy;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    public static final String DEFAULT_QUEUE = NewJob.DEFAULT_QUEUE;

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
     * Runs the code for a job, on the calling thread, so that it has no asynchronous form: what a worker does. Of a task with schedules, an argument {@code timestamp} that it has no place for is
     * left out.
     *
     * @throws InvalidArgumentsException when the job's arguments do not fit the task
     * @throws Exception when the code fails
     * @hidden
     */
    @Internal
    public @Nullable Object run(JobContext context, Job job) throws Exception {
        Middleware.Next next = () -> {
            try {
                return body.run(context, read(requireRegistry().codec(), job.args()));
            } catch (Misfit e) {
                throw new InvalidArgumentsException(
                        misfit(e) + " Such a job fails at once, it is not retried. Correct it, and defer it again.", e);
            }
        };
        return around(options.middleware(), context, next).run();
    }

    /**
     * Checks arguments that are to be deferred, as a run would.
     *
     * @param args what was given
     * @param json what was made of it
     * @throws InvalidJobException when a run would refuse them
     */
    void requireDeferrable(JsonCodec codec, Object args, String json) {
        if (argument instanceof Class<?> type && type.isInstance(args)) {
            return;
        }
        try {
            A read = read(codec, json);
            if (body instanceof TaskMethod method) {
                method.values(codec, (Map<?, ?>) read);
            }
        } catch (Misfit e) {
            throw new InvalidJobException(misfit(e) + " Nothing was deferred.", e);
        }
    }

    private String misfit(Misfit reason) {
        return "The arguments do not fit the task " + name + ": " + reason.getMessage() + ".";
    }

    /**
     * Puts middleware around something, the first of the list outermost.
     *
     * @hidden
     */
    @Internal
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

    /** @throws Misfit when they do not fit */
    @SuppressWarnings("unchecked") // the codec read it as the type that the task was declared with
    private A read(JsonCodec codec, String json) {
        Object args;
        try {
            args = codec.read(json, argument);
        } catch (IllegalArgumentException e) {
            args = readWithoutTimestamp(codec, json, e);
        }
        if (args == null) {
            throw new Misfit("They are null");
        }
        return (A) args;
    }

    /** A schedule gives its time to every job, whether the task has a place for it or not. */
    private @Nullable Object readWithoutTimestamp(JsonCodec codec, String json, IllegalArgumentException refusal) {
        try {
            if (!periodics().isEmpty()
                    && codec.read(json, Object.class) instanceof Map<?, ?> given
                    && given.containsKey(Periodic.TIMESTAMP)) {
                Map<Object, @Nullable Object> without = new LinkedHashMap<>(given);
                without.remove(Periodic.TIMESTAMP);
                return codec.read(codec.write(without), argument);
            }
        } catch (IllegalArgumentException e) {
            refusal.addSuppressed(e);
        }
        throw new Misfit("", refusal.getMessage(), refusal);
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

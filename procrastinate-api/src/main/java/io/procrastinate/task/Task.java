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
 * Named code with a typed argument. Its argument is a record, whose components are the job's arguments by name, or a
 * map with text keys. Created by {@link Blueprint#task}. Thread-safe.
 *
 * @param <A> the type of its argument
 */
public final class Task<A> {

    /** The queue of jobs without an explicit one. */
    public static final String DEFAULT_QUEUE = NewJob.DEFAULT_QUEUE;

    /** The most characters of JSON that a stored result may have. */
    public static final int MOST_RESULT_CHARACTERS = 100_000;

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

    /** The task's name in the database, with the namespaces of the blueprints that added it. */
    public String name() {
        return name;
    }

    /** Further names that its jobs may have in the database. */
    public List<String> aliases() {
        return aliases;
    }

    /** The default queue of its jobs. */
    public String queue() {
        return options.queue();
    }

    /** The default priority of its jobs. */
    public int priority() {
        return options.priority();
    }

    /** The default lock of its jobs, or null for none. */
    public @Nullable String lock() {
        return options.lock();
    }

    /** The default queueing lock of its jobs, or null for none. */
    public @Nullable String queueingLock() {
        return options.queueingLock();
    }

    /** When a failed job of the task runs again. */
    public RetryStrategy retryStrategy() {
        return options.retryStrategy();
    }

    /** How long a run may take, or null for no limit. */
    public @Nullable Duration timeout() {
        return options.timeout();
    }

    /** Whether what its code returns is stored in the job's row. */
    public boolean storesResult() {
        return options.storesResult();
    }

    /** The schedules on which workers defer its jobs. */
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
     * Names values in the order of the parameters of the method that the task is.
     *
     * @throws IllegalArgumentException if there are more or fewer, or the task is not a method
     * @hidden
     */
    @Internal
    public Map<String, @Nullable Object> named(@Nullable Object... values) {
        if (body instanceof TaskMethod method) {
            return method.named(values);
        }
        throw new IllegalArgumentException("The task " + name + " is not a method");
    }

    /**
     * Runs the code for a job on the calling thread, as a worker does, so there is no asynchronous form. If a task with
     * schedules has no argument {@code timestamp}, that of a job is dropped.
     *
     * @throws InvalidArgumentsException if the job's arguments do not fit the task
     * @throws Exception if the code fails
     * @hidden
     */
    @Internal
    public @Nullable Object run(JobContext context, Job job) throws Exception {
        Middleware.Next next = () -> {
            try {
                return body.run(context, read(requireRegistry().codec(), job.args()));
            } catch (ArgumentMismatch e) {
                throw new InvalidArgumentsException(
                        mismatch(e) + " Such a job fails immediately and is not retried. Correct it, and defer it"
                                + " again.",
                        e);
            }
        };
        return around(options.middleware(), context, next).run();
    }

    /**
     * Checks arguments before they are deferred, as a run would.
     *
     * @param args the given arguments
     * @param json the arguments as JSON
     * @throws InvalidJobException if a run would refuse them
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
        } catch (ArgumentMismatch e) {
            throw new InvalidJobException(mismatch(e) + " Nothing was deferred.", e);
        }
    }

    private String mismatch(ArgumentMismatch reason) {
        return "The arguments do not fit the task " + name + ": " + reason.getMessage() + ".";
    }

    /**
     * Wraps code in middleware, the first of the list outermost.
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
     * Writes arguments for a new job.
     *
     * @throws IllegalArgumentException if they cannot be written or read back; the message says which and why
     */
    String write(JsonCodec codec, Object args) {
        return types.write(codec, args);
    }

    /** @throws ArgumentMismatch if they do not fit */
    @SuppressWarnings("unchecked") // the codec read it as the task's declared type
    private A read(JsonCodec codec, String json) {
        Object args;
        try {
            args = codec.read(json, argument);
        } catch (IllegalArgumentException e) {
            args = readWithoutTimestamp(codec, json, e);
        }
        if (args == null) {
            throw new ArgumentMismatch("They are null");
        }
        return (A) args;
    }

    /** A schedule adds its time to every job, whether the task has an argument for it or not. */
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
        throw new ArgumentMismatch("", refusal.getMessage(), refusal);
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
                    + " belongs to a blueprint that was not added to an app. Call app.addTasksFrom(blueprint,"
                    + " namespace) first.");
        }
        return owner;
    }

    @Override
    public String toString() {
        return "Task[" + name + "]";
    }
}

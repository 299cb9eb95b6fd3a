package io.procrastinate;

import io.procrastinate.adapter.Connectors;
import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.annotation.Internal;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.Durations;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.BlockingNotAllowedException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.SettingsException;
import io.procrastinate.exception.SyncConnectorConfigurationException;
import io.procrastinate.job.CurrentTransaction;
import io.procrastinate.job.DeferHooks;
import io.procrastinate.job.DeferMiddleware;
import io.procrastinate.job.JobManager;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.monitor.Examination;
import io.procrastinate.monitor.Finding;
import io.procrastinate.schema.SchemaManager;
import io.procrastinate.task.Blueprint;
import io.procrastinate.task.BuiltinTasks;
import io.procrastinate.task.JobDeferrer;
import io.procrastinate.task.Task;
import io.procrastinate.task.TaskBuilder;
import io.procrastinate.task.TaskRegistry;
import io.procrastinate.text.Printable;
import io.procrastinate.worker.Drain;
import io.procrastinate.worker.JobResult;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The application's side of the queue: its tasks, its connector, and the ways to defer jobs and to run workers.
 * Thread-safe; one for each application.
 *
 * <p>An application that only defers with blocking calls needs nothing but {@link #open()}; {@link #openAsync()} opens
 * the asynchronous connector, for calls that return a stage; {@link #runWorker} does that itself.
 */
public final class App implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(App.class);

    /** Probes give up after some seconds, but a pool's own time-out is longer. */
    private static final Duration HEALTH_LIMIT = Duration.ofSeconds(5);

    private final AppDatabase database;
    private final JobManager jobManager;
    private final SchemaManager schemaManager;
    private final TaskRegistry tasks;
    private final WorkerOptions workerDefaults;
    private final AppWorkers workers = new AppWorkers();
    private final HealthCheck healthCheck =
            new HealthCheck(() -> schemaManager().isApplied());

    private App(
            AppDatabase database,
            JsonCodec codec,
            WorkerOptions workerDefaults,
            @Nullable Duration retention,
            DeferHooks hooks) {
        this.database = database;
        this.workerDefaults = workerDefaults;
        QueryExecutor blocking = blocking();
        QueryExecutor asynchronous = asynchronous();
        this.jobManager = new JobManager(
                SchemaManager.explainingMissingSchema(blocking.repeatingUndone()),
                SchemaManager.explainingMissingSchema(asynchronous.repeatingUndone()),
                () -> !connector().sync().isOnNonBlockingThread(),
                hooks);
        this.schemaManager = new SchemaManager(blocking, asynchronous, this::runScript, this::runScriptAsync);
        this.tasks = new TaskRegistry(jobManager, codec);
        BuiltinTasks.addTo(tasks, retention);
    }

    /** Creates an app with the connector found on the class path, and the settings of the environment. */
    public static App create() {
        return builder().build();
    }

    /** Creates an app with the connector found on the class path. */
    public static App create(ConnectorSettings settings) {
        return builder().settings(settings).build();
    }

    /** Starts with nothing set. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Opens the app for blocking calls: with the pool that it was given before, if any, else with a pool of its own.
     * Opening an open app does nothing.
     *
     * @return this app
     * @throws ConnectorException if the database cannot be reached; nothing is left open
     * @throws SettingsException if the environment's settings are needed and cannot be understood
     */
    public App open() {
        database.open(null);
        return this;
    }

    /**
     * Opens the app for blocking calls, with the application's own pool, which it never closes. From now on, the pool
     * determines the database of the whole app: a worker uses it too. If the app chose its connector itself, another
     * connector replaces that one if only the other takes such a pool.
     *
     * <p>A worker keeps one connection of the pool for as long as it runs, on which it sends heartbeats and stores
     * results whatever the application does with the others, and one more to listen, if the connector listens and the
     * settings have no {@link io.procrastinate.connector.ConnectorSettings#listenUrl()}. It fetches jobs through the
     * pool: if its jobs use the pool too, that should have one more connection for each concurrent job.
     *
     * @param pool of a kind that a connector knows, such as {@link javax.sql.DataSource}
     * @return this app
     * @throws ConnectorException if no connector that may serve the app takes such a pool, if the pool has no
     *     connection to give, or if the app is already open with another one
     */
    public App open(Object pool) {
        database.open(pool);
        return this;
    }

    /** Opens the app for all calls: with the pool that it was given before, if any, else with a pool of its own. */
    public CompletionStage<App> openAsync() {
        return openAsynchronously(null);
    }

    /**
     * Opens the app for all calls, with the application's own pool, which it never closes: as {@link #open(Object)}.
     */
    public CompletionStage<App> openAsync(Object pool) {
        return openAsynchronously(pool);
    }

    private CompletionStage<App> openAsynchronously(@Nullable Object pool) {
        return database.isSynchronous()
                ? CompletableFuture.failedFuture(onlyDefers("app.openAsync()"))
                : database.openAsync(pool).thenApply(opened -> this);
    }

    /**
     * Stops the app's running workers, waits until they have ended, and closes everything that the connector opened
     * itself. Running jobs may go on for as long as {@link WorkerOptions#shutdownGracefulTimeout()} says, or 30 seconds
     * if it is null; stop workers first if that is not enough. If called by code that a worker waits for, that of a job
     * or of {@link WorkerOptions#listeners()}, on a thread of the worker, this does not wait: the connector is closed
     * when the workers have ended. Until then the app stays open. Closing twice does nothing.
     *
     * @throws BlockingNotAllowedException on a thread that must not wait; nothing is done
     */
    @Override
    public void close() {
        Connector closed = database.known();
        if (closed instanceof AsyncConnector async && async.isOnNonBlockingThread()) {
            throw new BlockingNotAllowedException(
                    "app.close() blocks, which is not allowed on this thread. Use app.closeAsync().");
        }
        Stages.join(close(closed));
    }

    /** Closes the connector when the app's workers have ended, as {@link #close()}, without waiting. */
    public CompletionStage<@Nullable Void> closeAsync() {
        return close(database.known());
    }

    private CompletionStage<@Nullable Void> close(@Nullable Connector closed) {
        return workers.stopBefore(() -> closeAlone(closed));
    }

    private static CompletionStage<@Nullable Void> closeAlone(@Nullable Connector connector) {
        if (connector instanceof AsyncConnector async) {
            return async.closeAsync();
        }
        if (connector != null) {
            connector.sync().close();
        }
        return CompletableFuture.completedFuture(null);
    }

    /** Declares a task whose argument is of a class, as {@link Blueprint#task(String, Class)}. */
    public <A> TaskBuilder<A> task(String name, Class<A> argument) {
        return tasks.task(name, argument);
    }

    /** Declares a task whose argument is a map, as {@link Blueprint#task(String)}. */
    public TaskBuilder<Map<String, @Nullable Object>> task(String name) {
        return tasks.task(name);
    }

    /** Declares the annotated methods of an object as tasks, as {@link Blueprint#addTasks}. */
    public List<Task<Map<String, @Nullable Object>>> addTasks(Object object) {
        return tasks.addTasks(object);
    }

    /** Declares annotated methods with placeholders, as {@link Blueprint#addTasks(Object, UnaryOperator)}. */
    public List<Task<Map<String, @Nullable Object>>> addTasks(Object object, UnaryOperator<String> values) {
        return tasks.addTasks(object, values);
    }

    /** Adds the tasks of a blueprint below a namespace, as {@link Blueprint#addTasksFrom}. */
    public void addTasksFrom(Blueprint blueprint, String namespace) {
        tasks.addTasksFrom(blueprint, namespace);
    }

    /** Gives a task another name, as {@link Blueprint#addAlias}. */
    public void addAlias(Task<?> task, String alias) {
        tasks.addAlias(task, alias);
    }

    /**
     * Starts a deferral by the name of a task of this program: {@link TaskRegistry#configure}.
     *
     * @throws io.procrastinate.exception.TaskNotFoundException if no task has the name
     */
    public JobDeferrer<Map<String, @Nullable Object>> configureTask(String name) {
        return tasks.configure(name);
    }

    /**
     * Starts a deferral of a task of another program, even one in Python: {@link TaskRegistry#external(String)}. An app
     * without tasks that only defers needs nothing else.
     */
    public JobDeferrer<Map<String, @Nullable Object>> externalTask(String name) {
        return tasks.external(name);
    }

    /** Starts a deferral of a task of another program: {@link TaskRegistry#external(String, Class)}. */
    public <A> JobDeferrer<A> externalTask(String name, Class<A> argument) {
        return tasks.external(name, argument);
    }

    /** The app's tasks. */
    public TaskRegistry tasks() {
        return tasks;
    }

    /** Defers, watches and manages jobs. */
    public JobManager jobManager() {
        return jobManager;
    }

    /** Creates and examines the schema. */
    public SchemaManager schemaManager() {
        return schemaManager;
    }

    /**
     * The app's connector. If the app chose it itself, opening the app with a pool may replace it.
     *
     * @throws SettingsException if the environment's settings are needed and cannot be understood
     */
    public Connector connector() {
        return database.connector();
    }

    /**
     * Replaces the app's connector until the result is closed: so tests let an application's own app work on an
     * {@link io.procrastinate.memory.InMemoryConnector}. This neither opens nor closes a connector. Running workers
     * keep the connector that they began with, and a pool that the app was given stays with the connector that has it.
     *
     * @hidden
     */
    @Internal
    public Replacement replaceConnector(Connector other) {
        return database.replace(other);
    }

    /**
     * A temporary replacement of the app's connector.
     *
     * @hidden
     */
    @Internal
    @FunctionalInterface
    public interface Replacement extends AutoCloseable {

        /** Restores the previous connector. */
        @Override
        void close();
    }

    /**
     * Whether the app can defer: the database can be reached and has the schema. Returns within 5 seconds, and does not
     * throw if it cannot: made for a probe. A worker has its own {@link Worker#health()}.
     *
     * @throws BlockingNotAllowedException if the calling thread must not block: use {@link #healthAsync()} there
     */
    public AppHealth health() {
        return health(HEALTH_LIMIT);
    }

    /** Whether the app can defer, as {@link #health()}, without waiting; the stage never fails. */
    public CompletionStage<AppHealth> healthAsync() {
        return healthAsync(HEALTH_LIMIT);
    }

    /**
     * Whether the app can defer, as {@link #health()}.
     *
     * @param limit how long to wait for the database at most, positive
     * @throws BlockingNotAllowedException if the calling thread must not block: use {@link #healthAsync(Duration)}
     *     there
     */
    public AppHealth health(Duration limit) {
        if (connector() instanceof AsyncConnector async && async.isOnNonBlockingThread()) {
            throw new BlockingNotAllowedException("app.health() blocks, which is not allowed on the thread '"
                    + Thread.currentThread().getName() + "'. Use app.healthAsync().");
        }
        return healthCheck.within(limit);
    }

    /** Whether the app can defer, as {@link #health(Duration)}, without waiting; the stage never fails. */
    public CompletionStage<AppHealth> healthAsync(Duration limit) {
        return healthCheck.withinAsync(limit);
    }

    /**
     * Examines the database for common problems: the connection, the schema and its layout, living and dead workers,
     * stalled jobs, dead rows, old transactions, whether notifications arrive, and the clocks. Opens the app for all
     * calls if it is not open, and leaves it open. Waits up to 10 seconds for a notification, so it is not made for a
     * probe: that is {@link #health()}.
     *
     * @return what each check found, in a stable order; a database that cannot be reached is a finding, too
     * @throws BlockingNotAllowedException if the calling thread must not block: use {@link #examineAsync()} there
     */
    public List<Finding> examine() {
        if (connector() instanceof AsyncConnector async && async.isOnNonBlockingThread()) {
            throw new BlockingNotAllowedException("app.examine() blocks, which is not allowed on the thread '"
                    + Thread.currentThread().getName() + "'. Use app.examineAsync().");
        }
        return Stages.join(new Examination(
                        this::connector, blocking(), () -> CompletableFuture.completedFuture(open()), this::openAsync)
                .run());
    }

    /** Examines the database, as {@link #examine()}, without waiting. */
    public CompletionStage<List<Finding>> examineAsync() {
        return database.isSynchronous()
                ? CompletableFuture.failedFuture(onlyDefers("app.examineAsync()"))
                : new Examination(this::connector, asynchronous(), this::openAsync, this::openAsync).run();
    }

    /** The options of {@link #runWorker()}, and the start of a worker's options. */
    public WorkerOptions workerDefaults() {
        return workerDefaults;
    }

    /**
     * Creates a worker that the caller starts and stops; there is no asynchronous form, since a worker has threads of
     * its own that may block. Opens the app for all calls if it is not open. If the database is away, a worker that
     * waits for jobs first waits for the database, and then opens the app; permanent failures are thrown immediately.
     *
     * @throws SyncConnectorConfigurationException if the app was given a synchronous connector
     * @throws io.procrastinate.exception.SchemaException if the database has no schema that this library works with
     * @throws ConnectorException if the database refuses the app, for instance because of a wrong password or an
     *     unknown database; if the application's pool has nothing left besides the connections that the worker keeps;
     *     or, if the worker does not wait for jobs, if the database cannot be reached
     */
    public Worker worker(WorkerOptions options) {
        if (!(connector() instanceof AsyncConnector async)) {
            throw onlyDefers("running a worker");
        }
        requireMayOpen(async);
        boolean openBefore = database.isOpen();
        Runnable opener = database.opener();
        PoolCheck pool = new PoolCheck(async, options);
        Runnable opening = () -> {
            opener.run();
            pool.require();
            schemaManager.requireSupported();
        };
        try {
            opening.run();
            return workers.add(new Worker(async, tasks, jobManager, options, null));
        } catch (ConnectorException e) {
            if (e.isTransient() && options.waitForJobs()) {
                LOGGER.warn(
                        "Worker {}: waiting for the database: {}",
                        options.name(),
                        Printable.text(String.valueOf(e.getMessage())));
                return workers.add(new Worker(async, tasks, jobManager, options, opening));
            }
            throw closed(openBefore, e);
        } catch (RuntimeException e) {
            throw closed(openBefore, e);
        }
    }

    private static void requireMayOpen(AsyncConnector async) {
        if (!async.isOpen()) {
            AppDatabase.requireMayBlock(async, "Opening the app");
        }
    }

    /** Runs the waiting jobs in the queues of the app's worker defaults, as {@link #drain(WorkerOptions)}. */
    public List<JobResult> drain() {
        return drain(workerDefaults);
    }

    /**
     * Runs the waiting jobs, one after the other on the calling thread, until none is left that is due: for tests and
     * scripts. There is no asynchronous form, since the calling thread runs the jobs. Jobs that these defer, or that
     * are retried immediately, run too; later ones stay. Opens the app for all calls if it is not open, and leaves it
     * open.
     *
     * @param options which queues, and how; options about concurrency, waiting and stopping do not apply
     * @return how each run ended, in the order of the runs
     * @throws SyncConnectorConfigurationException if the app was given a synchronous connector
     * @throws io.procrastinate.exception.SchemaException if the database has no schema that this library works with
     * @throws ConnectorException if the database cannot be reached
     */
    public List<JobResult> drain(WorkerOptions options) {
        if (!(connector() instanceof AsyncConnector async)) {
            throw onlyDefers("running jobs");
        }
        requireMayOpen(async);
        database.opener().run();
        schemaManager.requireSupported();
        return new Drain(async, tasks, jobManager, options).run();
    }

    private RuntimeException closed(boolean openBefore, RuntimeException failure) {
        if (!openBefore) {
            Stages.join(closeAlone(database.known()));
        }
        return failure;
    }

    /** Runs a worker with the app's defaults on the calling thread, as {@link #runWorker(WorkerOptions)}. */
    public void runWorker() {
        runWorker(workerDefaults);
    }

    /**
     * Runs a worker on the calling thread (so there is no asynchronous form) until it is stopped: by an interrupt, by
     * the end of the process (a second signal ends the process immediately, and leaves its jobs for other workers to
     * rescue), or by having nothing left to do if it does not wait. Opens the app if it is not open. Fails as
     * {@link #worker} and {@link Worker#run}.
     */
    public void runWorker(WorkerOptions options) {
        Worker worker = worker(options);
        if (options.installShutdownHook()) {
            ShutdownHook.run(worker, options);
        } else {
            worker.run();
        }
    }

    private CompletionStage<@Nullable Void> runScript(String sql) {
        try {
            connector().sync().runScript(sql);
            return CompletableFuture.completedFuture(null);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletionStage<@Nullable Void> runScriptAsync(String sql) {
        return asynchronously(async -> async.runScript(sql));
    }

    private QueryExecutor blocking() {
        return QueryExecutor.blocking(() -> connector().sync());
    }

    private QueryExecutor asynchronous() {
        return (query, connection) ->
                asynchronously(async -> QueryExecutor.of(async).execute(query, connection));
    }

    private <T extends @Nullable Object> CompletionStage<T> asynchronously(
            Function<AsyncConnector, CompletionStage<T>> call) {
        try {
            return connector() instanceof AsyncConnector async
                    ? call.apply(async)
                    : CompletableFuture.failedFuture(onlyDefers("a call that returns a stage"));
        } catch (SettingsException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private SyncConnectorConfigurationException onlyDefers(String attempt) {
        return new SyncConnectorConfigurationException(
                "The app was given the synchronous connector '" + connector().name()
                        + "', which only defers: " + attempt + " needs an asynchronous one. Give the app"
                        + " ThreadedConnector.over(connector), or let it choose its connector itself"
                        + " (App.create()).");
    }

    /** Collects the parts of an app. Not thread-safe. */
    public static final class Builder {

        private @Nullable ConnectorSettings settings;
        private @Nullable Connector connector;
        private @Nullable JsonCodec codec;
        private WorkerOptions workerDefaults = WorkerOptions.defaults();
        private @Nullable Duration retention;
        private final List<DeferMiddleware> deferMiddleware = new ArrayList<>();
        private @Nullable CurrentTransaction currentTransaction;

        private Builder() {}

        /**
         * Sets where the database is; the environment's settings unless set, which are read only without a pool of the
         * application.
         */
        public Builder settings(ConnectorSettings connectorSettings) {
            this.settings = connectorSettings;
            return this;
        }

        /** Sets where the database is, by a URL: see {@link ConnectorSettings.Builder#url}. */
        public Builder url(String url) {
            return settings(ConnectorSettings.of(url));
        }

        /** Sets the connector; unless set, {@link Connectors} chooses one. A synchronous one only defers. */
        public Builder connector(SyncConnector synchronous) {
            this.connector = synchronous;
            return this;
        }

        /** Sets the connector; unless set, {@link Connectors} chooses one. */
        public Builder connector(AsyncConnector asynchronous) {
            this.connector = asynchronous;
            return this;
        }

        /** Sets how arguments become JSON; {@link JsonCodec#standard()} unless set. */
        public Builder jsonCodec(JsonCodec jsonCodec) {
            this.codec = jsonCodec;
            return this;
        }

        /** Sets the options of {@link App#runWorker()}. */
        public Builder workerDefaults(WorkerOptions options) {
            this.workerDefaults = options;
            return this;
        }

        /** Adds middleware around every deferral, the outermost first; earlier additions stay outside of it. */
        public Builder deferMiddleware(DeferMiddleware... around) {
            this.deferMiddleware.addAll(List.of(around));
            return this;
        }

        /** Sets which connection of the application a deferral joins that names none; unless set, it joins none. */
        public Builder currentTransaction(CurrentTransaction current) {
            this.currentTransaction = current;
            return this;
        }

        /**
         * Lets workers remove, every hour, jobs that ended longer ago; jobs are kept for ever unless set. A job of the
         * queue {@value BuiltinTasks#QUEUE} does this: a worker must serve that queue.
         *
         * @param age in whole hours, at least one; more than 100 years, such as
         *     {@code ChronoUnit.FOREVER.getDuration()}, means that none is ever old enough
         * @throws IllegalArgumentException if it is less than one hour
         */
        public Builder retention(Duration age) {
            if (age.compareTo(Duration.ofHours(1)) < 0) {
                throw new IllegalArgumentException("The retention is " + age + ", it must be at least one hour");
            }
            this.retention = Durations.limited(age);
            return this;
        }

        /**
         * Completes the app, which is closed.
         *
         * @throws io.procrastinate.exception.ConnectorSelectionException if no connector could be chosen
         */
        public App build() {
            AppDatabase database = connector == null ? AppDatabase.find(settings) : AppDatabase.of(connector);
            return new App(
                    database,
                    codec == null ? JsonCodec.standard() : codec,
                    workerDefaults,
                    retention,
                    new DeferHooks(deferMiddleware, currentTransaction));
        }
    }
}

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
import io.procrastinate.job.JobManager;
import io.procrastinate.json.JsonCodec;
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
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The application's side of the queue: its tasks, its connector, and the ways to defer jobs and to run workers. Thread-safe; one
 * for each application.
 *
 * <p>{@link #open()} is all that an application needs which defers with blocking calls; {@link #openAsync()} opens the
 * asynchronous connector, for calls that return a stage; {@link #runWorker} does that by itself.
 */
public final class App implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(App.class);

    /** Probes give up after some seconds, and a pool's own time-out is longer. */
    private static final Duration HEALTH_LIMIT = Duration.ofSeconds(5);

    private final AppDatabase database;
    private final JobManager jobManager;
    private final SchemaManager schemaManager;
    private final TaskRegistry tasks;
    private final WorkerOptions workerDefaults;
    private final AppWorkers workers = new AppWorkers();
    private final HealthCheck healthCheck =
            new HealthCheck(() -> schemaManager().isApplied());

    private App(AppDatabase database, JsonCodec codec, WorkerOptions workerDefaults, @Nullable Duration retention) {
        this.database = database;
        this.workerDefaults = workerDefaults;
        QueryExecutor blocking = QueryExecutor.blocking(() -> connector().sync());
        QueryExecutor asynchronous = (query, connection) ->
                asynchronously(async -> QueryExecutor.of(async).execute(query, connection));
        this.jobManager = new JobManager(
                SchemaManager.explainingMissingSchema(blocking.repeatingUndone()),
                SchemaManager.explainingMissingSchema(asynchronous.repeatingUndone()),
                () -> !connector().sync().isOnNonBlockingThread());
        this.schemaManager = new SchemaManager(blocking, asynchronous, this::runScript, this::runScriptAsync);
        this.tasks = new TaskRegistry(jobManager, codec);
        BuiltinTasks.addTo(tasks, retention);
    }

    /** An app with the connector that is found on the class path, and the settings of the environment. */
    public static App create() {
        return builder().build();
    }

    /** An app with the connector that is found on the class path. */
    public static App create(ConnectorSettings settings) {
        return builder().settings(settings).build();
    }

    /** Starts with nothing set. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Opens the app for blocking calls: with the pool that it was given before, if it was, else with a pool of its own. Opening an
     * open app does nothing.
     *
     * @return this app
     * @throws ConnectorException when the database cannot be reached; nothing is left open
     * @throws SettingsException when the environment is to tell where the database is, and cannot be
     *     understood
     */
    public App open() {
        database.open(null);
        return this;
    }

    /**
     * Opens the app for blocking calls, with the application's own pool, which is never closed by it. The pool decides where all
     * of the app's data are, from now on: a worker uses it too, and where the app chose its connector by itself, another one
     * serves it if only that takes such a pool.
     *
     * <p>A worker keeps one connection of it for as long as it runs, on which it stays alive and stores results whatever the
     * application does with the others, and one more to listen, where the connector listens and the settings have no
     * {@link io.procrastinate.connector.ConnectorSettings#listenUrl()}. It fetches jobs through the pool, like everybody else: of
     * a pool that its jobs use, too, there should be as many connections as jobs at a time besides.
     *
     * @param pool of a kind that a connector knows, such as {@link javax.sql.DataSource}
     * @return this app
     * @throws ConnectorException when no connector that may serve the app takes such a pool, when the
     *     pool has no connection to give, or when the app is open already with another one
     */
    public App open(Object pool) {
        database.open(pool);
        return this;
    }

    /** Opens the app for all calls: with the pool that it was given before, if it was, else with a pool of its own. */
    public CompletionStage<App> openAsync() {
        return openAsynchronously(null);
    }

    /** Opens the app for all calls, with the application's own pool, which is never closed by it: as {@link #open(Object)}. */
    public CompletionStage<App> openAsync(Object pool) {
        return openAsynchronously(pool);
    }

    private CompletionStage<App> openAsynchronously(@Nullable Object pool) {
        return database.isSynchronous()
                ? CompletableFuture.failedFuture(onlyDefers("app.openAsync()"))
                : database.openAsync(pool).thenApply(opened -> this);
    }

    /**
     * Stops the app's workers that still run, waits until they have ended, and closes the connector: whatever it opened itself. Their
     * jobs may go on for as long as {@link WorkerOptions#shutdownGracefulTimeout()} says, 30 seconds where it says nothing; stop
     * workers before where that is not enough. Called by what a worker waits for, the code of a job or of
     * {@link WorkerOptions#onJobEnded()}, on the thread that the worker gave it, this does not wait: the connector is closed when the
     * workers have ended. Until then the app stays open. Closing twice does nothing.
     *
     * @throws BlockingNotAllowedException on a thread that must not wait; nothing is done
     */
    @Override
    public void close() {
        Connector closed = database.known();
        if (closed instanceof AsyncConnector async && async.isOnNonBlockingThread()) {
            throw new BlockingNotAllowedException(
                    "app.close() waits, which this thread must not. Use app.closeAsync().");
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

    /** Adds the tasks of a blueprint below a namespace, as {@link Blueprint#addTasksFrom}. */
    public void addTasksFrom(Blueprint blueprint, String namespace) {
        tasks.addTasksFrom(blueprint, namespace);
    }

    /** Gives a task a further name, as {@link Blueprint#addAlias}. */
    public void addAlias(Task<?> task, String alias) {
        tasks.addAlias(task, alias);
    }

    /**
     * Starts a deferral by the name of a task that this program has: {@link TaskRegistry#configure}.
     *
     * @throws io.procrastinate.exception.TaskNotFoundException when no task has the name
     */
    public JobDeferrer<Map<String, @Nullable Object>> configureTask(String name) {
        return tasks.configure(name);
    }

    /**
     * Starts a deferral of a task that another program has, even one in Python: {@link TaskRegistry#external(String)}. An app that
     * has no tasks, and only defers, needs nothing else.
     */
    public JobDeferrer<Map<String, @Nullable Object>> externalTask(String name) {
        return tasks.external(name);
    }

    /** Starts a deferral of a task that another program has: {@link TaskRegistry#external(String, Class)}. */
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

    /** Makes and examines the schema. */
    public SchemaManager schemaManager() {
        return schemaManager;
    }

    /**
     * The app's connector. Where the app chose it by itself, opening the app with a pool may put another one in its place.
     *
     * @throws SettingsException when the environment is to tell where the database is, and cannot be
     *     understood
     */
    public Connector connector() {
        return database.connector();
    }

    /**
     * Puts another connector in the place of the app's until the answer is closed: tests let an application's own app work on a
     * {@link io.procrastinate.memory.InMemoryConnector} so. Neither connector is opened or closed by this. Workers that run keep the
     * connector that they began with, and a pool that the app was given stays with the connector that has it.
     *
     * @hidden
     */
    @Internal
    public Replacement replaceConnector(Connector other) {
        return database.replace(other);
    }

    /**
     * A connector in the place of another.
     *
     * @hidden
     */
    @Internal
    @FunctionalInterface
    public interface Replacement extends AutoCloseable {

        /** Puts back the connector that was there before. */
        @Override
        void close();
    }

    /**
     * Whether the app can defer: the database can be reached and has the schema. Answers within 5 seconds, and throws nothing when it
     * is not so: made for a probe. A worker has its own {@link Worker#health()}.
     *
     * @throws BlockingNotAllowedException when the calling thread must not block: {@link #healthAsync()} is for it
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
     * @throws BlockingNotAllowedException when the calling thread must not block: {@link #healthAsync(Duration)} is for it
     */
    public AppHealth health(Duration limit) {
        if (connector() instanceof AsyncConnector async && async.isOnNonBlockingThread()) {
            throw new BlockingNotAllowedException("app.health() waits, which the thread '"
                    + Thread.currentThread().getName() + "' must not. Use app.healthAsync().");
        }
        return healthCheck.within(limit);
    }

    /** Whether the app can defer, as {@link #health(Duration)}, without waiting; the stage never fails. */
    public CompletionStage<AppHealth> healthAsync(Duration limit) {
        return healthCheck.withinAsync(limit);
    }

    /** What {@link #runWorker()} works with, and what a worker's options begin with. */
    public WorkerOptions workerDefaults() {
        return workerDefaults;
    }

    /**
     * A worker that the caller starts and stops; it has no asynchronous form, as a worker brings threads that may block. Opens the
     * app for all calls where it is not. Where the database is away, a worker
     * that waits for jobs waits for the database first, and opens the app then; what will not pass by itself is refused at once.
     *
     * @throws SyncConnectorConfigurationException when the app was given a synchronous connector
     * @throws io.procrastinate.exception.SchemaException when the database has no schema that this library works with
     * @throws ConnectorException when the database refuses the app, such as for a wrong password or an unknown database; when the
     *     application's pool has nothing left beside the connections that the worker keeps; or, where the worker does not wait for
     *     jobs, when the database cannot be reached
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

    /** Runs what waits in the queues of the app's worker defaults, as {@link #drain(WorkerOptions)}. */
    public List<JobResult> drain() {
        return drain(workerDefaults);
    }

    /**
     * Runs the jobs that wait, one after the other on the calling thread, until none is left that is due: for tests and scripts. It
     * has no asynchronous form, as the calling thread is what runs the jobs.
     * Jobs that these defer, or that are retried at once, run too; what is for later stays. Opens the app for all calls where it
     * is not, and leaves it open.
     *
     * @param options which queues, and how; what is about several jobs at once, waiting and stopping does not apply
     * @return how each run ended, in the order of the runs
     * @throws SyncConnectorConfigurationException when the app was given a synchronous connector
     * @throws io.procrastinate.exception.SchemaException when the database has no schema that this library works with
     * @throws ConnectorException when the database cannot be reached
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
     * Runs a worker on the calling thread, so that it has no asynchronous form, until it is stopped: by an interrupt, by the end of the process (a second signal ends the
     * process at once, and leaves its jobs to be rescued by others), or by having nothing
     * left to do where it does not wait. Opens the app where it is not. Fails as {@link #worker} and {@link Worker#run}.
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
                        + " ThreadedConnector.over(connector), or let it choose"
                        + " its connector by itself (App.create()).");
    }

    /** Collects what an app is made of. Used by one thread. */
    public static final class Builder {

        private @Nullable ConnectorSettings settings;
        private @Nullable Connector connector;
        private @Nullable JsonCodec codec;
        private WorkerOptions workerDefaults = WorkerOptions.defaults();
        private @Nullable Duration retention;

        private Builder() {}

        /**
         * Sets where the database is; the environment's settings unless set, which are read only where no pool of the application
         * tells.
         */
        public Builder settings(ConnectorSettings connectorSettings) {
            this.settings = connectorSettings;
            return this;
        }

        /** Sets where the database is, by a URL: see {@link ConnectorSettings.Builder#url}. */
        public Builder url(String url) {
            return settings(ConnectorSettings.of(url));
        }

        /** Sets the connector; one is chosen by {@link Connectors} unless set. A synchronous one only defers. */
        public Builder connector(SyncConnector synchronous) {
            this.connector = synchronous;
            return this;
        }

        /** Sets the connector; one is chosen by {@link Connectors} unless set. */
        public Builder connector(AsyncConnector asynchronous) {
            this.connector = asynchronous;
            return this;
        }

        /** Sets how arguments become JSON; {@link JsonCodec#standard()} unless set. */
        public Builder jsonCodec(JsonCodec jsonCodec) {
            this.codec = jsonCodec;
            return this;
        }

        /** Sets what {@link App#runWorker()} works with. */
        public Builder workerDefaults(WorkerOptions options) {
            this.workerDefaults = options;
            return this;
        }

        /**
         * Lets workers remove, every hour, jobs that ended longer ago; jobs are kept for ever unless set. A job of the queue
         * {@value BuiltinTasks#QUEUE} does it: a worker must serve that queue.
         *
         * @param age in whole hours, at least one; more than 100 years, such as {@code ChronoUnit.FOREVER.getDuration()}, means that
         *     none is ever old enough
         * @throws IllegalArgumentException when it is less than one hour
         */
        public Builder retention(Duration age) {
            if (age.compareTo(Duration.ofHours(1)) < 0) {
                throw new IllegalArgumentException("Jobs are kept for at least one hour, not " + age);
            }
            this.retention = Durations.limited(age);
            return this;
        }

        /**
         * Completes the app, closed.
         *
         * @throws io.procrastinate.exception.ConnectorSelectionException when no connector could be chosen
         */
        public App build() {
            AppDatabase database = connector == null ? AppDatabase.find(settings) : AppDatabase.of(connector);
            return new App(database, codec == null ? JsonCodec.standard() : codec, workerDefaults, retention);
        }
    }
}

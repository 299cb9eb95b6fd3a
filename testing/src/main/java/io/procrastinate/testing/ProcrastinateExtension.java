package io.procrastinate.testing;

import io.procrastinate.App;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.driver.Durations;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.worker.JobResult;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives each test an open app on an empty queue: on a database of an embedded PostgreSQL server, which is started once,
 * or in memory. Jobs that a test leaves in its queue are gone after it.
 *
 * <pre>{@code
 * @RegisterExtension
 * final ProcrastinateExtension queue = ProcrastinateExtension.onPostgres().tasks(app -> app.addTasks(new Mailer()));
 *
 * @Test
 * void mailsTheCustomer(App app) {
 *     new Orders(app).order("ada@example.com");
 *
 *     assertThat(app).deferred("mail.send").withArgument("to", "ada@example.com").once();
 *     assertThat(queue.drain()).allMatch(result -> result.outcome() == Outcome.SUCCEEDED);
 * }
 * }</pre>
 *
 * <p>An application whose app is a constant is tested {@linkplain #replacing with its connector replaced}. The
 * connector for PostgreSQL is the one found on the class path. Registered by an instance field, or by
 * {@code @ExtendWith} for an app on PostgreSQL without tasks; an instance serves one test at a time.
 */
public final class ProcrastinateExtension implements BeforeEachCallback, AfterEachCallback, ParameterResolver {

    private final boolean inMemory;
    private Consumer<App> declaration = app -> {};
    private @Nullable App applications;
    private @Nullable Queue current;

    /** On PostgreSQL, for {@code @ExtendWith}. */
    public ProcrastinateExtension() {
        this(false);
    }

    private ProcrastinateExtension(boolean inMemory) {
        this.inMemory = inMemory;
    }

    /** Each test gets a database of its own, with the schema, on an embedded server: see {@link PostgresServer}. */
    public static ProcrastinateExtension onPostgres() {
        return new ProcrastinateExtension(false);
    }

    /**
     * Each test gets a queue in memory, with a clock that {@link #advance} moves; it begins at a whole second of today.
     */
    public static ProcrastinateExtension inMemory() {
        return new ProcrastinateExtension(true);
    }

    /** Sets the code that declares the tasks of each test's app. */
    public ProcrastinateExtension tasks(Consumer<App> declares) {
        this.declaration = declares;
        return this;
    }

    /** Lets tests use an app of the application, with its connector replaced, rather than a new one. */
    public ProcrastinateExtension replacing(App app) {
        this.applications = app;
        return this;
    }

    /**
     * The test's app, open for all calls.
     *
     * @throws IllegalStateException if no test runs; its {@code @BeforeEach} and {@code @AfterEach} are part of it
     */
    public App app() {
        return require().app;
    }

    /**
     * Runs all waiting jobs, as {@link App#drain()}, and returns the result of each run.
     *
     * @throws IllegalStateException if no test runs
     */
    public List<JobResult> drain() {
        return app().drain();
    }

    /**
     * Moves the clock: scheduled jobs become due earlier by this time.
     *
     * @param step not negative; longer values are capped at 100 years
     * @throws IllegalArgumentException if it is negative
     * @throws IllegalStateException if no test runs
     */
    public void advance(Duration step) {
        Duration checked = Durations.notNegative("step by which time passes", step);
        Queue queue = require();
        if (queue.clock != null) {
            queue.clock.advance(checked);
        }
        if (queue.database != null) {
            queue.database.advance(checked);
        }
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        current = inMemory ? inMemoryQueue() : databaseQueue();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Queue queue = current;
        current = null;
        if (queue != null) {
            queue.close();
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == App.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return app();
    }

    private Queue inMemoryQueue() {
        ManualClock clock = new ManualClock(Instant.now().truncatedTo(ChronoUnit.SECONDS));
        return queue(new InMemoryConnector(clock), clock, null);
    }

    private Queue databaseQueue() {
        FreshDatabase database = FreshDatabase.create();
        return queue(
                Connectors.choose(database.settings().toBuilder().poolSize(4).build())
                        .connector(),
                null,
                database);
    }

    private Queue queue(AsyncConnector connector, @Nullable ManualClock clock, @Nullable FreshDatabase database) {
        App given = applications;
        App app = given == null ? App.builder().connector(connector).build() : given;
        App.Replacement replacement = given == null ? null : given.replaceConnector(connector);
        Queue queue = new Queue(app, connector, replacement, clock, database);
        app.openAsync().toCompletableFuture().join();
        if (given == null) {
            declaration.accept(app);
        }
        return queue;
    }

    private Queue require() {
        Queue queue = current;
        if (queue == null) {
            throw new IllegalStateException(
                    "There is an app only while a test runs, @BeforeEach and @AfterEach included");
        }
        return queue;
    }

    /** The queue of one test. */
    private record Queue(
            App app,
            AsyncConnector connector,
            App.@Nullable Replacement replacement,
            @Nullable ManualClock clock,
            @Nullable FreshDatabase database) {

        void close() {
            connector.closeAsync().toCompletableFuture().join();
            if (replacement != null) {
                replacement.close();
            }
            if (database != null) {
                database.close();
            }
        }
    }
}

package io.procrastinate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procrastinate.adapter.ThreadedConnector;
import io.procrastinate.connector.jdbc.JdbcConnector;
import io.procrastinate.connector.pgjdbc.PgjdbcConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.SyncConnectorConfigurationException;
import io.procrastinate.fixture.AppDatabase;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.schema.SchemaLevel;
import io.procrastinate.tck.StartedThreads;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An app that was given a synchronous connector: it defers and administers, and refuses the rest. */
class SynchronousAppTest {

    @RegisterExtension
    final StartedThreads threads = new StartedThreads();

    private AppDatabase database;
    private JdbcConnector connector;
    private App app;

    @BeforeEach
    void open() throws SQLException {
        database = AppDatabase.withSchema();
        connector = PgjdbcConnector.create(database.settings());
        app = App.builder().connector(connector).build().open();
    }

    @AfterEach
    void close() throws SQLException {
        app.close();
        await().untilAsserted(() -> assertThat(database.connections()).isZero());
        await().untilAsserted(() -> assertThat(threads.alive()).isEmpty());
        database.close();
    }

    @Test
    void defersAndAdministers() throws SQLException {
        var task = app.task("t").run(args -> {});
        JobManager jobs = app.jobManager();

        long id = task.defer(Map.of());
        assertThat(task.batchDefer(List.of(Map.of(), Map.of()))).hasSize(2);
        assertThat(jobs.status(id)).isEqualTo(JobStatus.TODO);
        assertThat(jobs.list(JobFilter.ALL)).hasSize(3);
        assertThat(jobs.queues(JobFilter.ALL)).hasSize(1);
        assertThat(jobs.cancel(id)).isTrue();
        assertThat(jobs.delete(id)).isTrue();
        database.run("UPDATE procrastinate_jobs SET status = 'failed'");
        jobs.retry(id + 1, RetryDecision.now());
        assertThat(app.schemaManager().isApplied()).isTrue();
        assertThat(app.schemaManager().level()).isEqualTo(SchemaLevel.CURRENT);
        assertThat(app.connector()).isSameAs(connector);
        try (Connection connection = database.transaction()) {
            task.configure().on(connection).defer(Map.of());
            connection.rollback();
        }
        assertThat(database.jobs()).isEqualTo(2);
    }

    @Test
    void refusesWorkers() throws SQLException {
        refused("running a worker", () -> app.worker(app.workerDefaults()));
        refused("running a worker", app::runWorker);
        refused("running a worker", () -> app.runWorker(app.workerDefaults()));
        assertThat(database.number("SELECT count(*) FROM procrastinate_workers"))
                .isZero();
    }

    @Test
    void refusesEveryCallThatReturnsAStage() throws SQLException {
        var task = app.task("t").run(args -> {});
        JobManager jobs = app.jobManager();

        refusedAsync("app.openAsync()", app::openAsync);
        refusedAsync("app.openAsync()", () -> app.openAsync(database.dataSource()));
        refusedAsync("returns a stage", () -> task.deferAsync(Map.of()));
        refusedAsync("returns a stage", () -> task.batchDeferAsync(List.of(Map.of())));
        refusedAsync("returns a stage", () -> jobs.statusAsync(1));
        refusedAsync("returns a stage", () -> jobs.cancelAsync(1));
        refusedAsync("returns a stage", () -> jobs.retryAsync(1, RetryDecision.now()));
        refusedAsync("returns a stage", () -> jobs.deleteAsync(1));
        refusedAsync("returns a stage", () -> jobs.listAsync(JobFilter.ALL));
        refusedAsync("returns a stage", () -> jobs.queuesAsync(JobFilter.ALL));
        refusedAsync("returns a stage", () -> jobs.tasksAsync(JobFilter.ALL));
        refusedAsync("returns a stage", () -> jobs.locksAsync(JobFilter.ALL));
        refusedAsync("returns a stage", () -> app.schemaManager().applyAsync());
        refusedAsync("returns a stage", () -> app.schemaManager().levelAsync());
        refusedAsync("returns a stage", () -> app.schemaManager().requireSupportedAsync());
        try (Connection connection = database.transaction()) {
            refusedAsync(
                    "returns a stage", () -> task.configure().on(connection).deferAsync(Map.of()));
            refusedAsync("returns a stage", () -> jobs.on(connection).statusAsync(1));
            refusedAsync("returns a stage", () -> jobs.on(connection).cancelAsync(1));
        }
        assertThat(database.jobs()).isZero();
    }

    @Test
    void defersNothingForAnEmptyListLikeAnyOther() {
        assertThat(app.task("t").run(args -> {}).batchDefer(List.of())).isEmpty();
    }

    @Test
    void closesWithoutWaitingToo() throws SQLException {
        Stages.join(app.closeAsync());
        await().untilAsserted(() -> assertThat(database.connections()).isZero());
    }

    @Test
    void doesEverythingOnceItIsLifted() throws SQLException {
        try (App lifted =
                App.builder().connector(ThreadedConnector.over(connector)).build()) {
            Stages.join(lifted.openAsync());
            assertThat(Stages.join(lifted.externalTask("t").deferAsync(Map.of())))
                    .isPositive();
        }
    }

    private static void refusedAsync(String attempt, Supplier<? extends CompletionStage<?>> call) {
        CompletableFuture<?> stage = call.get().toCompletableFuture();
        assertThat(stage).isCompletedExceptionally();
        refused(attempt, () -> Stages.join(stage));
    }

    private static void refused(String attempt, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(SyncConnectorConfigurationException.class)
                .hasMessageContainingAll("'pgjdbc'", attempt, "ThreadedConnector.over(connector)", "App.create()");
    }
}

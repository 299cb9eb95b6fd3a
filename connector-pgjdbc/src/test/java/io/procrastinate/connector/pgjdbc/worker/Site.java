package io.procrastinate.connector.pgjdbc.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.pgjdbc.PgjdbcConnector;
import io.procrastinate.tck.TestDatabase;
import io.procrastinate.worker.JobResult;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;

/** A database with the schema, an app on it, its workers, and a look into the tables that does not go through the app. */
final class Site implements AutoCloseable {

    static final Duration BOUND = Duration.ofSeconds(30);

    final TestDatabase database;
    final ConnectorSettings settings;
    final App app;
    final Queue<JobResult> results = new ConcurrentLinkedQueue<>();
    private final List<Runnable> closings = new ArrayList<>();

    Site() {
        this(TestDatabase.create());
    }

    Site(TestDatabase database) {
        this.database = database;
        this.settings = database.settings();
        this.app = another(settings);
        app.schemaManager().apply();
    }

    /** One more app on this database, as another process would have. */
    App another(ConnectorSettings its) {
        App other =
                App.builder().connector(PgjdbcConnector.create(its).threaded()).build();
        other.openAsync().toCompletableFuture().join();
        closings.add(0, other::close);
        return other;
    }

    /** Quick to notice, so that tests are. */
    WorkerOptions.Builder options() {
        return WorkerOptions.builder().installShutdownHook(false).onJobEnded(results::add);
    }

    Worker start(WorkerOptions.Builder options) {
        return start(app, options);
    }

    Worker start(App which, WorkerOptions.Builder options) {
        Worker worker = which.worker(options.build());
        closings.add(0, worker::close);
        worker.start();
        return worker;
    }

    /** Runs a worker until nothing is left. */
    void drain(WorkerOptions.Builder options) {
        Worker worker = start(options.waitForJobs(false));
        assertThat(worker.awaitEnd(BOUND)).as("the worker ended").isTrue();
    }

    /** Of a task that this app need not have. */
    List<Long> defer(String task, int count) {
        return app.externalTask(task)
                .batchDefer(IntStream.range(0, count)
                        .mapToObj(n -> Map.<String, Object>of("n", n))
                        .toList());
    }

    /** The first column of all rows, as text. */
    List<String> sql(String sql, Object... parameters) {
        return database.texts(sql, parameters).stream().map(String::valueOf).toList();
    }

    long number(String sql, Object... parameters) {
        return Long.parseLong(sql(sql, parameters).get(0));
    }

    long count(String status) {
        return number("SELECT count(*) FROM procrastinate_jobs WHERE status::text = ?", status);
    }

    String status(long id) {
        return sql("SELECT status FROM procrastinate_jobs WHERE id = ?", id).get(0);
    }

    long attempts(long id) {
        return number("SELECT attempts FROM procrastinate_jobs WHERE id = ?", id);
    }

    List<String> events(long id) {
        return sql("SELECT type FROM procrastinate_events WHERE job_id = ? ORDER BY id", id);
    }

    /** Waits until a worker listens: until then a notification would not reach it. */
    void awaitListening() {
        until(
                () -> number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                                + " AND query ILIKE '%listen%' AND pid <> pg_backend_pid()")
                        > 0,
                "a worker listens");
    }

    void awaitStatus(long id, String status) {
        until(() -> status(id).equals(status), "job " + id + " is " + status);
    }

    static void until(Callable<Boolean> condition, String what) {
        until(BOUND, condition, what);
    }

    static void until(Duration bound, Callable<Boolean> condition, String what) {
        await(what).atMost(bound).pollInterval(Duration.ofMillis(20)).until(condition);
    }

    @Override
    public void close() {
        closings.forEach(Runnable::run);
        database.close();
    }
}

package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobFilter;
import io.procrastinate.task.Periodic;
import io.procrastinate.testing.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The deferrers of ten workers run concurrently on the days on which Vienna's clocks are shifted, with a database clock
 * that the test moves.
 */
class DaylightSavingTest {

    private static final ZoneId VIENNA = ZoneId.of("Europe/Vienna");
    private static final int WORKERS = 10;
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final String database = "daylight_" + ProcessHandle.current().pid() + "_" + NUMBER.incrementAndGet();

    @Test
    void aNightlyTaskIsDeferredOnceWhereTheClockSkipsItsHour() throws Exception {
        assertThat(deferred("30 2 * * *", "2026-03-27T12:00:00Z", "2026-03-30T12:00:00Z"))
                .containsExactly("2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z");
    }

    @Test
    void aNightlyTaskIsDeferredOnceWhereTheClockRepeatsItsHour() throws Exception {
        assertThat(deferred("30 2 * * *", "2026-10-23T12:00:00Z", "2026-10-26T12:00:00Z"))
                .containsExactly("2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z");
    }

    @Test
    void anHourlyTaskFollowsTimeWhereTheClockRepeatsAnHour() throws Exception {
        assertThat(deferred("0 * * * *", "2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z"))
                .containsExactly("2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z");
    }

    @Test
    void anHourlyTaskFollowsTimeWhereTheClockSkipsAnHour() throws Exception {
        assertThat(deferred("0 * * * *", "2026-03-28T23:30:00Z", "2026-03-29T02:30:00Z"))
                .containsExactly("2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z");
    }

    /** The times for which jobs are deferred while the database's clock advances by half an hour at a time. */
    private List<String> deferred(String cron, String from, String until) throws Exception {
        run("postgres", "CREATE DATABASE " + database);
        try (App app = app(cron)) {
            app.open().schemaManager().apply();
        }
        // Found before the server's own function, because of the search path.
        run(database, "CREATE SCHEMA moved; CREATE TABLE moved.clock AS SELECT timestamptz '" + from + "' AS now");
        run(
                database,
                "CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT now FROM moved.clock'");
        run("postgres", "ALTER DATABASE " + database + " SET search_path = moved, public, pg_catalog");
        List<App> apps = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(WORKERS);
        try {
            List<Callable<Duration>> deferrers = new ArrayList<>();
            for (int number = 0; number < WORKERS; number++) {
                App app = app(cron);
                apps.add(app);
                app.openAsync().toCompletableFuture().join();
                deferrers.add(new PeriodicDeferrer(
                        WorkerOptions.builder()
                                .periodicMaxDelay(Duration.ofHours(1))
                                .build(),
                        WorkerStore.over((AsyncConnector) app.connector()),
                        app.tasks(),
                        app.jobManager())::defer);
            }
            Instant end = Instant.parse(until);
            for (Instant now = Instant.parse(from); !now.isAfter(end); now = now.plus(Duration.ofMinutes(30))) {
                run(database, "UPDATE moved.clock SET now = '" + now + "'");
                finish(threads.invokeAll(deferrers));
            }
            return apps.get(0).jobManager().list(JobFilter.ALL).stream()
                    .map(DaylightSavingTest::time)
                    .filter(time -> time.isAfter(Instant.parse(from)))
                    .map(Instant::toString)
                    .toList();
        } finally {
            threads.shutdownNow();
            apps.forEach(App::close);
            run("postgres", "DROP DATABASE " + database + " WITH (FORCE)");
        }
    }

    private static Instant time(Job job) {
        return Instant.ofEpochSecond(Long.parseLong(job.args().replaceAll("\\D", "")));
    }

    private static void finish(List<Future<Duration>> deferrals) throws InterruptedException, ExecutionException {
        for (Future<Duration> deferral : deferrals) {
            assertThat(deferral.get()).isPositive();
        }
    }

    private App app(String cron) {
        App app = App.create(PostgresServer.shared().administration().toBuilder()
                .database(database)
                .poolSize(1)
                .build());
        app.task("periodic").periodic(Periodic.cron(cron).zone(VIENNA)).run(args -> {});
        return app;
    }

    private static void run(String where, String sql) throws SQLException {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setPortNumbers(
                new int[] {PostgresServer.shared().administration().port()});
        source.setDatabaseName(where);
        source.setUser("postgres");
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}

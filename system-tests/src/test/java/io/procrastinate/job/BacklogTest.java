package io.procrastinate.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.fixture.AppDatabase;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.worker.WorkerOptions;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What there is to do, and who does it, on either layout and in memory. */
class BacklogTest {

    @Test
    void tellsTheStatesOfJobs() throws SQLException {
        try (AppDatabase database = AppDatabase.withSchema();
                App app = App.create(database.settings()).open()) {
            assertTellsTheStatesOfJobs(app);
        }
    }

    @Test
    void tellsThemOnTheTablesOfTheOriginal() throws SQLException {
        try (AppDatabase database = AppDatabase.withSchema();
                App app = App.create(database.settings()).open()) {
            app.schemaManager().deoptimize();
            assertTellsTheStatesOfJobs(app);
        }
    }

    @Test
    void tellsThemInMemory() {
        AsyncConnector connector = new InMemoryConnector();
        try (App app = App.builder().connector(connector).build().open()) {
            assertTellsTheStatesOfJobs(app);
        }
    }

    @Test
    void tellsHowLongTheOldestJobHasBeenDue() throws SQLException {
        try (AppDatabase database = AppDatabase.withSchema();
                App app = App.create(database.settings()).open()) {
            app.jobManager().defer(NewJob.of("t").queue("deferred"));
            app.jobManager().defer(NewJob.of("t").queue("scheduled"));
            database.run("UPDATE procrastinate_jobs SET java_deferred_at = now() - interval '90 seconds'");
            database.run("UPDATE procrastinate_jobs SET scheduled_at = now() - interval '30 seconds'"
                    + " WHERE queue_name = 'scheduled'");

            List<QueueBacklog> backlog = app.jobManager().backlog();

            assertThat(backlog.get(0).oldestDue()).isBetween(Duration.ofSeconds(90), Duration.ofSeconds(120));
            assertThat(backlog.get(1).oldestDue()).isBetween(Duration.ofSeconds(30), Duration.ofSeconds(60));
        }
    }

    @Test
    void tellsTheWorkersOfAllPrograms() throws SQLException {
        try (AppDatabase database = AppDatabase.withSchema();
                App app = App.create(database.settings()).open()) {
            assertThat(app.jobManager().workers()).isEmpty();
            database.run("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '5 minutes')");
            List<WorkerInfo> seen = new ArrayList<>();
            app.task("look").run(nothing -> seen.addAll(app.jobManager().workers()));
            app.configureTask("look").defer(Map.of());
            work(app, "default");

            assertThat(seen).hasSize(2);
            assertThat(seen.get(0).silence()).isGreaterThanOrEqualTo(Duration.ofMinutes(5));
            assertThat(seen.get(0).running()).isZero();
            assertThat(seen.get(1).silence()).isLessThan(Duration.ofMinutes(5));
            assertThat(seen.get(1).running()).isEqualTo(1);
            assertThat(Stages.join(app.jobManager().workersAsync()))
                    .extracting(WorkerInfo::id)
                    .containsExactly(seen.get(0).id());
        }
    }

    private static void assertTellsTheStatesOfJobs(App app) {
        app.task("fails").run(nothing -> {
            throw new IOException("no network");
        });
        List<QueueBacklog> seen = new ArrayList<>();
        app.task("looks")
                .lock("busy")
                .run(nothing -> seen.addAll(app.jobManager().backlog()));
        JobManager jobs = app.jobManager();
        jobs.defer(NewJob.of("fails").queue("failed"));
        jobs.defer(NewJob.of("looks").queue("run").lock("busy"));
        jobs.defer(NewJob.of("waits").queue("b").lock("busy"));
        jobs.defer(NewJob.of("waits").queue("b"));
        jobs.defer(NewJob.of("waits").queue("b").in(Duration.ofHours(1)));
        jobs.defer(NewJob.of("waits").queue("c").lock("free"));
        jobs.defer(NewJob.of("waits").queue("c").lock("free"));
        work(app, "failed");
        work(app, "run");

        assertThat(seen).extracting(QueueBacklog::queue).containsExactly("b", "c", "failed", "run");
        assertThat(seen.get(0))
                .isEqualTo(new QueueBacklog("b", 1, 1, 1, 0, 0, seen.get(0).oldestDue()));
        assertThat(seen.get(0).oldestDue()).isBetween(Duration.ZERO, Duration.ofMinutes(1));
        assertThat(seen.get(1))
                .isEqualTo(new QueueBacklog("c", 1, 0, 1, 0, 0, seen.get(1).oldestDue()));
        assertThat(seen.get(2)).isEqualTo(new QueueBacklog("failed", 0, 0, 0, 0, 1, null));
        assertThat(seen.get(3)).isEqualTo(new QueueBacklog("run", 0, 0, 0, 1, 0, null));
        assertThat(jobs.backlog()).extracting(QueueBacklog::queue).containsExactly("b", "c", "failed");
    }

    private static void work(App app, String queue) {
        app.runWorker(WorkerOptions.builder()
                .queues(queue)
                .rescueStalledJobs(false)
                .waitForJobs(false)
                .installShutdownHook(false)
                .build());
    }
}

package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.App;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.SchemaException;
import io.procrastinate.exception.WorkerFailedException;
import io.procrastinate.fixture.Site;
import io.procrastinate.tck.TcpProxy;
import io.procrastinate.tck.TestDatabase;
import io.procrastinate.worker.WorkerHealth.Problem;
import io.procrastinate.worker.WorkerHealth.State;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A worker's health, and its start without a database. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HealthTest {

    private static final Duration OFTEN = Duration.ofMillis(100);

    @Test
    void tellsWhereItStandsAndWhatIsWrong() {
        try (Site site = new Site()) {
            Instant before = Instant.now();
            Worker worker = site.app.worker(site.options()
                    .heartbeatInterval(OFTEN)
                    .stalledWorkerTimeout(Duration.ofMillis(500))
                    .build());
            assertThat(worker.health().state()).isEqualTo(State.NEW);
            assertThat(worker.isHealthy()).isFalse();

            worker.start();

            Site.until(worker::isHealthy, "the worker is healthy");
            Site.until(() -> worker.health().lastHeartbeat() != null, "its heart has beaten");
            assertThat(worker.health().state()).isEqualTo(State.RUNNING);
            assertThat(worker.health().lastHeartbeat()).isAfterOrEqualTo(before);

            site.sql("ALTER TABLE procrastinate_workers RENAME TO elsewhere");
            Site.until(() -> reasons(worker).contains("heartbeat failed"), "the failing heartbeat is reported");
            Site.until(() -> reasons(worker).contains("other workers take over its jobs"), "its silence is reported");
            assertThat(worker.isHealthy()).isFalse();
            Problem problem = worker.health().problems().get(0);
            assertThat(problem.activity()).isEqualTo("heartbeat");
            assertThat(problem.since()).isBetween(before, Instant.now());
            assertThat(problem.cause()).isInstanceOf(SchemaException.class);

            site.sql("ALTER TABLE elsewhere RENAME TO procrastinate_workers");
            Site.until(worker::isHealthy, "the worker is healthy again");

            worker.close();
            assertThat(worker.health().state()).isEqualTo(State.ENDED);
            assertThat(worker.isHealthy()).isFalse();
            assertThat(worker.failure()).isEmpty();
        }
    }

    @Test
    void waitsForADatabaseThatIsNotThereYet() {
        WorkerOptions options =
                WorkerOptions.builder().installShutdownHook(false).build();
        try (TestDatabase database = TestDatabase.onServerOfItsOwn();
                App app = App.create(database.settings());
                App hasty = App.create(database.settings())) {
            app.task("noop").run(args -> {});
            long id;
            try (App earlier = App.create(database.settings()).open()) {
                earlier.schemaManager().apply();
                id = earlier.externalTask("noop").defer(Map.of());
            }
            AtomicReference<Worker> waiting = new AtomicReference<>();

            database.restartServer(() -> {
                assertThatExceptionOfType(ConnectorException.class)
                        .isThrownBy(() -> hasty.worker(
                                options.toBuilder().waitForJobs(false).build()))
                        .matches(ConnectorException::isTransient);
                Worker worker = app.worker(options);
                Worker impatient = app.worker(options);
                worker.start();
                impatient.start();
                Site.until(() -> reasons(worker).contains("connecting failed"), "the worker tries to connect");
                assertThat(worker.health().state()).isEqualTo(State.CONNECTING);
                impatient.close();
                waiting.set(worker);
            });

            Worker worker = Objects.requireNonNull(waiting.get());
            Site.until(worker::isHealthy, "the worker is healthy");
            Site.until(() -> app.jobManager().status(id).isFinal(), "the job has run");
            worker.close();
        }
    }

    @Test
    void refusesWhatDoesNotPassAtOnce() {
        try (TestDatabase database = TestDatabase.create();
                App nowhere = App.create(database.settings().toBuilder()
                        .database("no_such_database")
                        .build())) {
            assertThatExceptionOfType(ConnectorException.class)
                    .isThrownBy(() -> nowhere.worker(WorkerOptions.defaults()))
                    .matches(refusal -> !refusal.isTransient());
        }
    }

    @Test
    void endsWithAnErrorWhereItDoesNotWaitAndCannotFetch() {
        try (Site site = new Site()) {
            Worker worker = site.app.worker(site.options().waitForJobs(false).build());
            site.sql("ALTER TABLE procrastinate_jobs RENAME TO elsewhere");

            assertThatExceptionOfType(WorkerFailedException.class)
                    .isThrownBy(worker::run)
                    .withMessageContaining("gave up")
                    .withCauseInstanceOf(SchemaException.class);

            assertThat(worker.failure()).containsInstanceOf(SchemaException.class);
        }
    }

    @Test
    @SuppressWarnings("try") // the test is about closing the proxy
    void endsWithAnErrorWhereItDoesNotWaitAndTheDatabaseStaysAway() {
        try (Site site = new Site();
                TcpProxy proxy = TcpProxy.to(site.settings)) {
            App app = site.another(proxy.through(site.settings).toBuilder()
                    .connectTimeout(Duration.ofSeconds(1))
                    .build());
            Worker worker = app.worker(site.options()
                    .waitForJobs(false)
                    .heartbeatInterval(OFTEN)
                    .stalledWorkerTimeout(Duration.ofMillis(500))
                    .build());
            proxy.close();

            assertThatExceptionOfType(WorkerFailedException.class)
                    .isThrownBy(worker::run)
                    .withCauseInstanceOf(ConnectorException.class);
        }
    }

    private static String reasons(Worker worker) {
        WorkerHealth health = worker.health();
        List<Problem> problems = health.problems();
        return problems.toString();
    }
}

package io.procrastinate.monitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.pgjdbc.PgjdbcConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.SyncConnectorConfigurationException;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.tck.TestDatabase;
import io.procrastinate.worker.Worker;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an examination finds, by stricter limits than usual; the command's tests look at the others. */
class ExaminationTest {

    private static final Examination.Limits STRICT =
            new Examination.Limits(Duration.ofSeconds(2), Duration.ofMinutes(1), Duration.ZERO, 10);

    private final TestDatabase database = TestDatabase.withSchema();

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void aHealthyQueueHasNoProblems() {
        database.run("INSERT INTO procrastinate_workers DEFAULT VALUES");
        try (App app = App.create(database.settings())) {
            List<Finding> findings = app.examine();

            assertThat(findings).extracting(Finding::severity).containsOnly(Finding.Severity.OK);
            assertThat(findings)
                    .extracting(Finding::code)
                    .contains("connection", "schema", "layout", "workers", "notifications");
        }
    }

    @Test
    void withoutWaitingItFindsTheSame() {
        database.run("DROP INDEX procrastinate_jobs_lock_idx_v1");
        try (App app = App.create(database.settings())) {
            List<Finding> findings = Stages.join(app.examineAsync());

            assertThat(findings).extracting(Finding::code).contains("notifications");
            assertThat(findings).extracting(Finding::advice).contains("Create them as in procrastinate schema --read");
            assertThat(findings).isEqualTo(app.examine());
        }
    }

    @Test
    void aCheckThatTheServerRefusesIsAFindingAndTheOthersGoOn() {
        database.run("ALTER TABLE procrastinate_workers RENAME COLUMN last_heartbeat TO beat");
        try (App app = App.create(database.settings())) {
            List<Finding> findings = app.examine();

            assertThat(findings)
                    .filteredOn(finding -> finding.severity() == Finding.Severity.FAIL)
                    .extracting(Finding::code)
                    .containsExactly("workers", "stalled-jobs");
            assertThat(findings)
                    .filteredOn(finding -> finding.code().equals("workers"))
                    .singleElement()
                    .satisfies(finding -> assertThat(finding.text()).contains("last_heartbeat"));
            assertThat(findings).extracting(Finding::code).contains("dead-rows", "notifications");
        }
    }

    @Test
    void withASynchronousConnectorItOnlyBlocks() {
        try (App app = App.builder()
                .connector(PgjdbcConnector.create(database.settings()))
                .build()) {
            assertThat(app.examine())
                    .last()
                    .asString()
                    .startsWith("WARN notifications: this connector does not listen");
            assertThatThrownBy(() -> Stages.join(app.examineAsync()))
                    .isInstanceOf(SyncConnectorConfigurationException.class)
                    .hasMessageContaining("app.examineAsync()");
        }
    }

    @Test
    void aQueueInMemoryIsExaminedLikewise() {
        AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
        InMemoryConnector connector = new InMemoryConnector(now::get);
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        try (App app = App.builder().connector(connector).build();
                Worker worker = app.worker(app.workerDefaults())) {
            assertThat(problems(app)).containsExactly("workers");
            app.task("work")
                    .run(args -> {
                        started.countDown();
                        end.await();
                    })
                    .defer(Map.of());
            worker.start();
            assertThat(started.await(30, TimeUnit.SECONDS)).isTrue();
            await().untilAsserted(() -> assertThat(problems(app)).isEmpty());
            now.updateAndGet(time -> time.plusSeconds(60));
            assertThat(problems(app)).contains("clock", "stalled-jobs", "dead-workers");
            end.countDown();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static List<String> problems(App app) {
        return app.examine().stream()
                .filter(finding -> finding.severity() != Finding.Severity.OK)
                .map(Finding::code)
                .toList();
    }

    @Test
    void aDifferentClockIsSeen() {
        InstantSource late = () -> InstantSource.system().instant().minus(Duration.ofHours(1));
        assertThat(finding("clock", late, "").text()).containsIgnoringCase("synchronise both");
        assertThat(finding("clock", InstantSource.system(), "").severity()).isEqualTo(Finding.Severity.OK);
    }

    @Test
    void notificationsThatDoNotComeThroughAreSeen() {
        // As behind a pooler, notifications do not reach the listening connection: it leads to another database.
        try (TestDatabase other = TestDatabase.create()) {
            String url = "postgresql://localhost:" + other.settings().port() + "/" + other.name();
            Finding finding = finding("notifications", InstantSource.system(), url);
            assertThat(finding.severity()).isEqualTo(Finding.Severity.WARN);
            assertThat(finding.text()).contains("Behind a pooler");
        }
    }

    @Test
    void deadRowsAndWhoHoldsThemAreSeen() throws SQLException {
        database.run("ALTER TABLE procrastinate_jobs SET (autovacuum_enabled = false)");
        database.run("ALTER TABLE procrastinate_java_event_log SET (autovacuum_enabled = false)");
        try (Connection holder = database.connect()) {
            holder.setAutoCommit(false);
            holder.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            holder.createStatement()
                    .execute("SET application_name = 'holder'; SELECT count(*) FROM procrastinate_jobs");
            database.run("INSERT INTO procrastinate_jobs (queue_name, task_name, status)"
                    + " SELECT 'q', 't', 'succeeded' FROM generate_series(1, 50); DELETE FROM procrastinate_jobs");
            await().atMost(Duration.ofSeconds(60)).until(() -> {
                database.number("SELECT 1"); // before 15, a session tells what it did when it ends its next statement
                return finding("dead-rows", InstantSource.system(), "").severity() == Finding.Severity.WARN;
            });
            assertThat(finding("oldest-transaction", InstantSource.system(), "").text())
                    .contains("(holder, idle in transaction)")
                    .contains("pg_terminate_backend");
        }
    }

    private Finding finding(String code, InstantSource clock, String listenUrl) {
        ConnectorSettings.Builder settings = database.settings().toBuilder().poolSize(2);
        if (!listenUrl.isEmpty()) {
            settings.listenUrl(listenUrl);
        }
        try (App app = App.create(settings.build())) {
            return new Examination(
                            app::connector,
                            QueryExecutor.blocking(() -> app.connector().sync()),
                            () -> CompletableFuture.completedFuture(app.open()),
                            app::openAsync,
                            STRICT,
                            clock)
                    .run().toCompletableFuture().join().stream()
                            .filter(each -> each.code().equals(code))
                            .findFirst()
                            .orElseThrow();
        }
    }
}

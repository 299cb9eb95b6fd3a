package io.procrastinate.monitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.driver.Stages;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.tck.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
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
    void inMemoryThereIsNothingToExamine() {
        try (App app = App.builder().connector(new InMemoryConnector()).build()) {
            assertThat(app.examine())
                    .singleElement()
                    .hasToString("OK connection: the connector 'memory' has no server");
        }
    }

    @Test
    void aDifferentClockIsSeen() {
        InstantSource late = () -> InstantSource.system().instant().minus(Duration.ofHours(1));
        assertThat(finding("clock", late, "").text()).contains("synchronise both");
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
            await().atMost(Duration.ofSeconds(60))
                    .until(() ->
                            finding("dead-rows", InstantSource.system(), "").severity() == Finding.Severity.WARN);
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
                            app::open,
                            () -> Stages.join(app.openAsync()),
                            app::connector,
                            app.schemaManager(),
                            STRICT,
                            clock)
                    .run().stream()
                            .filter(each -> each.code().equals(code))
                            .findFirst()
                            .orElseThrow();
        }
    }
}

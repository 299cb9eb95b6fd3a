package io.procrastinate.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.ConnectorSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each finding of the doctor. */
class DoctorTest extends CommandTest {

    private static final Examination.Limits STRICT =
            new Examination.Limits(Duration.ofSeconds(2), Duration.ofMinutes(1), Duration.ZERO, 10);

    @Test
    void aHealthyDatabaseIsHealthy() throws SQLException {
        printed("--url", url(), "schema");
        sql("INSERT INTO procrastinate_workers DEFAULT VALUES");
        String found = printed("--url", url(), "doctor");
        assertThat(found)
                .contains("OK   connection         PostgreSQL")
                .contains("OK   schema             level 3.4")
                .contains("OK   layout             optimized")
                .contains("OK   LISTEN             a notification arrived")
                .doesNotContain("WARN", "FAIL", "\u001b");
        assertThat(printed("--url", url(), "doctor", "--json"))
                .startsWith("[{")
                .contains("{\"check\":\"schema\",\"verdict\":\"ok\",\"found\":");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1 | DROP TABLE procrastinate_jobs CASCADE | FAIL schema | procrastinate schema --apply",
                "1 | DROP VIEW procrastinate_events | FAIL schema | table procrastinate_events",
                "1 | DROP FUNCTION procrastinate_retry_job_v2 | FAIL schema | procrastinate schema --migrate",
                "0 | DROP INDEX procrastinate_jobs_lock_idx_v1 | WARN parts | index procrastinate_jobs_lock_idx_v1",
                "0 | DROP INDEX procrastinate_java_due_idx | WARN layout | procrastinate schema --optimize",
                "0 | INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('q', 't', 'doing') | WARN"
                        + " stalled jobs | 1 run on workers",
                "0 | INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') | WARN dead"
                        + " workers | 1 without a heartbeat",
                "0 | SELECT 1 | WARN workers | none is alive",
            })
    void whatIsWrongIsNamedWithWhatToDo(int code, String change, String verdict, String advice) throws SQLException {
        run("--url", url(), "schema");
        sql(change);
        forget();
        assertThat(run("--url", url(), "doctor")).isEqualTo(code);
        String[] words = verdict.split(" ", 2);
        assertThat(out().lines())
                .anyMatch(line -> line.matches(words[0] + " +" + words[1] + " .*") && line.contains(advice));
    }

    @Test
    void aServerThatCannotBeReachedIsAFinding() {
        assertThat(run("--url", "postgresql://localhost:1/x", "doctor")).isEqualTo(1);
        assertThat(out()).contains("FAIL connection").contains("localhost:1");
    }

    @Test
    void aDifferentClockIsSeen() {
        run("--url", url(), "schema");
        InstantSource late = () -> InstantSource.system().instant().minus(Duration.ofHours(1));
        assertThat(finding("clock", STRICT, late, "").found()).contains("synchronise both");
        assertThat(finding("clock", STRICT, InstantSource.system(), "").verdict())
                .isEqualTo(Finding.Verdict.OK);
    }

    @Test
    void notificationsThatDoNotComeThroughAreSeen() throws SQLException {
        run("--url", url(), "schema");
        // As behind a pooler, notifications do not reach the listening connection: it leads to another database.
        Finding finding = finding("LISTEN", STRICT, InstantSource.system(), newDatabase());
        assertThat(finding.verdict()).isEqualTo(Finding.Verdict.WARN);
        assertThat(finding.found()).contains("Behind a pooler");
    }

    @Test
    void deadRowsAndWhoHoldsThemAreSeen() throws SQLException {
        run("--url", url(), "schema");
        sql("ALTER TABLE procrastinate_jobs SET (autovacuum_enabled = false)");
        sql("ALTER TABLE procrastinate_java_event_log SET (autovacuum_enabled = false)");
        try (Connection holder = connect()) {
            holder.setAutoCommit(false);
            holder.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            holder.createStatement()
                    .execute("SET application_name = 'holder'; SELECT count(*) FROM procrastinate_jobs");
            sql("INSERT INTO procrastinate_jobs (queue_name, task_name, status)"
                    + " SELECT 'q', 't', 'succeeded' FROM generate_series(1, 50); DELETE FROM procrastinate_jobs");
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> finding("dead rows", STRICT, InstantSource.system(), "")
                                    .verdict()
                            == Finding.Verdict.WARN);
            assertThat(finding("oldest transaction", STRICT, InstantSource.system(), "")
                            .found())
                    .contains("(holder, idle in transaction)")
                    .contains("pg_terminate_backend");
        }
    }

    private static Finding finding(String check, Examination.Limits limits, InstantSource clock, String listenUrl) {
        ConnectorSettings.Builder settings =
                ConnectorSettings.builder().url(url()).poolSize(2);
        if (!listenUrl.isEmpty()) {
            settings.listenUrl(listenUrl);
        }
        try (App app = App.builder()
                .connector(Connectors.named("pgjdbc", settings.build()))
                .build()) {
            return new Examination(app, limits, clock)
                    .run().stream()
                            .filter(each -> each.check().equals(check))
                            .findFirst()
                            .orElseThrow();
        }
    }
}

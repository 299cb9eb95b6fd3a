package io.procrastinate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each finding of the doctor. */
class DoctorTest extends CommandTest {

    @Test
    void aHealthyDatabaseIsHealthy() throws SQLException {
        printed("--url", url(), "schema");
        sql("INSERT INTO procrastinate_workers DEFAULT VALUES");
        String found = printed("--url", url(), "doctor");
        assertThat(found)
                .contains("OK   connection         PostgreSQL")
                .contains("OK   schema             level 3.4")
                .contains("OK   layout             optimized")
                .contains("OK   notifications      a notification arrived")
                .doesNotContain("WARN", "FAIL", "\u001b");
        assertThat(printed("--url", url(), "doctor", "--json"))
                .startsWith("[{")
                .contains("{\"code\":\"schema\",\"severity\":\"ok\",\"text\":");
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
    void whatIsWrongIsNamedWithWhatToDo(int code, String change, String finding, String advice) throws SQLException {
        run("--url", url(), "schema");
        sql(change);
        forget();
        assertThat(run("--url", url(), "doctor")).isEqualTo(code);
        String[] words = finding.split(" ", 2);
        assertThat(out().lines())
                .anyMatch(line -> line.matches(words[0] + " +" + words[1] + " .*") && line.contains(advice));
    }

    @Test
    void aServerThatCannotBeReachedIsAFinding() {
        assertThat(run("--url", "postgresql://localhost:1/x", "doctor")).isEqualTo(1);
        assertThat(out()).contains("FAIL connection").contains("localhost:1");
    }
}

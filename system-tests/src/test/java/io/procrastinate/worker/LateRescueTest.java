package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.adapter.QueryFile;
import io.procrastinate.fixture.AppDatabase;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The statements of a rescue find no dead worker once the sender's right to declare workers dead has ended. */
class LateRescueTest {

    private static final QueryFile QUERIES = QueryFile.beside(Worker.class, "rescue.sql");
    private static final String SOON = "(extract(epoch FROM now()) * 1000000)::bigint + 10000000";
    private static final String JUST_NOW = "(extract(epoch FROM now()) * 1000000)::bigint - 1";

    private AppDatabase database;

    @BeforeEach
    void letAWorkerDie() throws SQLException {
        database = AppDatabase.withSchema();
        database.run("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')");
        database.run("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')");
        database.run("INSERT INTO procrastinate_jobs (task_name, queue_name) VALUES ('noop', 'q'), ('noop', 'q')");
        database.run("UPDATE procrastinate_jobs SET status = 'doing', worker_id = CASE id WHEN 1 THEN 1 END");
        database.run("UPDATE procrastinate_events SET at = at - interval '1 hour'");
    }

    @AfterEach
    void close() throws SQLException {
        database.close();
    }

    @Test
    void findsStalledJobsInTimeOnly() throws SQLException {
        Map<String, String> values = Map.of("queues", "NULL", "after_id", "0", "limit", "10");

        assertThat(run("stalled_jobs", values, JUST_NOW)).isEmpty();
        assertThat(run("stalled_jobs", values, SOON)).hasSize(2);
    }

    @Test
    void rescuesJobsInTimeOnly() throws SQLException {
        String jobs = database.rows("SELECT quote_literal(json_agg(json_build_object('id', id, 'attempts', attempts,"
                        + " 'worker_id', worker_id, 'retry', false))) FROM procrastinate_jobs")
                .get(0);

        assertThat(run("rescue_jobs", Map.of("jobs", jobs), JUST_NOW)).isEmpty();
        assertThat(run("rescue_jobs", Map.of("jobs", jobs), SOON)).containsExactlyInAnyOrder("1|failed", "2|failed");
    }

    @Test
    void prunesWorkersInTimeOnly() throws SQLException {
        assertThat(run("prune_workers", Map.of("limit", "10"), JUST_NOW)).isEmpty();
        assertThat(run("prune_workers", Map.of("limit", "10"), SOON)).containsExactly("2");
    }

    private List<String> run(String query, Map<String, String> values, String until) throws SQLException {
        List<String> arguments = QUERIES.query(query).numbered().parameters().stream()
                .map(parameter -> switch (parameter) {
                    case "seconds" -> "30";
                    case "until_micros" -> until;
                    default -> values.getOrDefault(parameter, "");
                })
                .toList();
        database.run(
                "PREPARE " + query + " AS " + QUERIES.query(query).numbered().sql());
        try {
            return database.rows("EXECUTE " + query + " (" + String.join(", ", arguments) + ")");
        } finally {
            database.run("DEALLOCATE " + query);
        }
    }
}

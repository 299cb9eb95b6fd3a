package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.ServerVariables;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.fixture.AppDatabase;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Storing results finds each job by its id. On a table that was analysed while nothing ran, the index of the running
 * jobs looks cheaper, and all running jobs would be read for each of them.
 */
class ResultCostTest {

    private static final QueryFile QUERIES = QueryFile.beside(Worker.class, "results.sql");
    private static final Pattern INDEX = Pattern.compile("\"Index Name\": \"(\\w+)\"");

    private AppDatabase database;

    @BeforeEach
    void runManyJobs() throws SQLException {
        database = AppDatabase.withSchema();
        database.run("INSERT INTO procrastinate_workers DEFAULT VALUES");
        database.run("SET session_replication_role = replica"); // no events: they do not matter here
        database.run(
                "INSERT INTO procrastinate_jobs (task_name, queue_name) SELECT 'noop', 'q' FROM generate_series(1, 5000)");
        database.run("VACUUM (ANALYZE) procrastinate_jobs");
        database.run("UPDATE procrastinate_jobs SET status = 'doing', worker_id = 1 WHERE id <= 200");
        database.run(ServerVariables.sql(SessionSettings.parameters()));
    }

    @AfterEach
    void close() throws SQLException {
        database.close();
    }

    @ParameterizedTest
    @CsvSource({"finish_jobs, results", "retry_jobs, retries", "give_back, jobs"})
    void findsEachJobByItsId(String query, String parameter) throws SQLException {
        String results = database.rows(
                        "SELECT json_agg(json_build_object('id', id, 'attempts', attempts, 'worker_id',"
                                + " worker_id, 'status', 'succeeded', 'delete', false)) FROM procrastinate_jobs WHERE status = 'doing'")
                .get(0);
        assertThat(QUERIES.query(query).numbered().parameters()).containsExactly(parameter);
        database.run("PREPARE " + query + " (text) AS "
                + QUERIES.query(query).numbered().sql());

        String plan = String.join(
                "\n", database.rows("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE " + query + " ('" + results + "')"));

        List<String> indexes = INDEX.matcher(plan)
                .results()
                .map((MatchResult match) -> match.group(1))
                .distinct()
                .toList();
        assertThat(indexes)
                .as(plan)
                .contains("procrastinate_jobs_pkey")
                .isSubsetOf("procrastinate_jobs_pkey", "procrastinate_jobs_queueing_lock_idx_v1");
        assertThat(database.number("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"))
                .isZero();
    }
}

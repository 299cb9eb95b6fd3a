package io.procrastinate.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.ServerVariables;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.driver.Stages;
import io.procrastinate.fixture.AppDatabase;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.JobStatus;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What makes our layout fast, counted rather than timed: rows, index entries and calls of functions for each job. */
class LayoutCostTest {

    private static final int JOBS = 500;

    /** Pages that are split, tuples that are cleared away, and the like. */
    private static final int SOME = JOBS / 3;

    private static final Pattern RECORDS = Pattern.compile("\"WAL Records\": (\\d+)");

    private AppDatabase database;
    private App app;

    @BeforeEach
    void open() throws SQLException {
        database = AppDatabase.withSchema();
        database.run("ALTER DATABASE " + database.name() + " SET track_functions = 'all'");
        app = App.create(database.settings());
        Stages.join(app.openAsync());
        app.task("straight").run(args -> {});
    }

    @AfterEach
    void close() throws SQLException {
        app.close();
        database.close();
    }

    /** Starting a batch of jobs asks once for the worker; nothing of ours is called for each of them. */
    @Test
    void noFunctionIsCalledForAJobThatGoesStraightOn() throws SQLException {
        work();

        app.close(); // what its sessions counted is told when they end
        await().atMost(Duration.ofMinutes(1))
                .untilAsserted(
                        () -> assertThat(calls("procrastinate_java_worker")).isBetween(1L, JOBS / 4L));
        assertThat(calls("procrastinate_java_after_insert")).isEqualTo(1);
        assertThat(database.rows("SELECT funcname FROM pg_stat_user_functions WHERE calls > " + JOBS / 4))
                .isEmpty();
        assertThat(database.number("SELECT count(*) FROM procrastinate_java_event_log"))
                .isZero();
    }

    /**
     * A waiting job without lock and schedule is a row and an entry in the primary key and in both indexes of free
     * jobs. Its start locks the row twice, as its page is full, and writes another one, with an entry in the primary
     * key and in the index of running jobs; its end the same, with an entry in the primary key alone. Each is a record
     * of the log that the server writes ahead.
     */
    @Test
    void writesNoMoreThanARowAndTheEntriesThatAJobNeeds() throws SQLException {
        database.run(ServerVariables.sql(SessionSettings.parameters()));
        database.run("INSERT INTO procrastinate_workers DEFAULT VALUES");
        String jobs = database.rows("SELECT json_agg(json_build_object('queue_name', 'q', 'task_name', 't'))"
                        + " FROM generate_series(1, " + JOBS + ")")
                .get(0);

        assertThat(records(JobManager.class, "queries.sql", "defer_jobs", "'" + jobs + "'"))
                .isCloseTo(4 * JOBS, within(SOME));
        assertThat(records(Worker.class, "fetch.sql", "fetch_free_jobs_all", JOBS + ", 1"))
                .isCloseTo(5 * JOBS, within(SOME));
        String results = database.rows("SELECT json_agg(json_build_object('id', id, 'attempts', 0, 'worker_id', 1,"
                        + " 'status', 'succeeded')) FROM procrastinate_jobs WHERE status = 'doing'")
                .get(0);
        assertThat(records(Worker.class, "results.sql", "finish_jobs", "'" + results + "'"))
                .isCloseTo(4 * JOBS, within(SOME));
        assertThat(database.number("SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"))
                .isEqualTo(JOBS);
        assertThat(database.number("SELECT count(*) FROM procrastinate_events")).isEqualTo(3 * JOBS);
    }

    /** How many records the log gets from a query. */
    private int records(Class<?> owner, String file, String query, String values) throws SQLException {
        String sql = QueryFile.beside(owner, file).query(query).numbered().sql();
        database.run("PREPARE " + query + " AS " + sql);
        String plan = String.join(
                "\n", database.rows("EXPLAIN (ANALYZE, WAL, FORMAT JSON) EXECUTE " + query + " (" + values + ")"));
        Matcher records = RECORDS.matcher(plan);
        int most = 0;
        while (records.find()) {
            most = Math.max(most, Integer.parseInt(records.group(1)));
        }
        return most;
    }

    private void work() {
        app.configureTask("straight").batchDefer(Collections.nCopies(JOBS, Map.of()));
        app.runWorker(WorkerOptions.builder().waitForJobs(false).concurrency(50).build());
        assertThat(app.jobManager().queues(JobFilter.ALL))
                .singleElement()
                .satisfies(queue -> assertThat(queue.of(JobStatus.SUCCEEDED)).isEqualTo(JOBS));
    }

    private long calls(String function) throws SQLException {
        return database.number("SELECT COALESCE(sum(calls), 0)::bigint FROM pg_stat_user_functions WHERE funcname = '"
                + function + "'");
    }
}

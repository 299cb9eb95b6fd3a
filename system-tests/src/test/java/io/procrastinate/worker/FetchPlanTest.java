package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.ServerVariables;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.driver.Stages;
import io.procrastinate.fixture.AppDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How much of the tables the statements read: what would make them slow shows even in a small database. */
class FetchPlanTest {

    private static final int FEW = 300;
    private static final int MANY = 6_000;

    /**
     * Fetching reads at most 500 rows of each queue, and a few pages; a walk over the backlog reads one page for each
     * row.
     */
    private static final long BUFFERS_MORE = 1500;

    private static final Pattern BUFFERS =
            Pattern.compile("\"Shared Hit Blocks\": (\\d+),\\s+\"Shared Read Blocks\": (\\d+)");

    private static final Map<String, String> FETCHES = Map.of(
            "fetch_jobs_all", "(10, NULL)",
            "fetch_jobs_queues", "('{q1,q2}', 10, NULL)",
            "fetch_jobs_plain", "(NULL, 10, NULL)",
            "fetch_free_jobs_all", "(10, NULL)",
            "fetch_free_jobs_queues", "('{q1,q2}', 10, NULL)");

    private AppDatabase database;

    @BeforeEach
    void makeDatabase() throws SQLException {
        database = AppDatabase.withSchema();
    }

    @AfterEach
    void dropDatabase() throws SQLException {
        database.close();
    }

    /** A session that caches its plans while the tables are empty must not go on reading whole tables. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aSessionThatBeganOnEmptyTablesReadsNoTableFromEndToEnd(boolean optimized) throws SQLException {
        try (App app = App.create(database.settings())) {
            Stages.join(app.openAsync());
            if (!optimized) {
                app.schemaManager().deoptimize();
            }
            app.task("noop").run(args -> {});
            database.run("ANALYZE");
            app.configureTask("noop").defer(Map.of());
            for (int batch = 0; batch < 3; batch++) {
                app.configureTask("noop").batchDefer(Collections.nCopies(500, Map.of("n", batch)));
            }
            try (Worker worker = app.worker(
                    WorkerOptions.builder().waitForJobs(false).concurrency(50).build())) {
                worker.run();
            }
        }
        // Unregistering a worker reads all rows once: the foreign key has no index of its own.
        await().untilAsserted(() -> assertThat(database.number(
                        "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'procrastinate_jobs'"))
                .isGreaterThanOrEqualTo(3002));
        assertThat(database.number("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'procrastinate_jobs'"))
                .as("rows of jobs that were read by scans of the whole table")
                .isLessThanOrEqualTo(1501);
    }

    @Test
    void aWorkersSessionsCompileNothing() throws SQLException {
        try (Connection session = session()) {
            assertThat(explain(session, "fetch_jobs_all")).doesNotContain("\"JIT\"");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "fetch_jobs_all, waiting",
        "fetch_jobs_all, finished",
        "fetch_jobs_all, ahead",
        "fetch_jobs_all, behind",
        "fetch_jobs_all, locks",
        "fetch_jobs_queues, waiting",
        "fetch_jobs_queues, finished",
        "fetch_jobs_queues, ahead",
        "fetch_jobs_queues, behind",
        "fetch_jobs_plain, waiting",
        "fetch_jobs_plain, finished",
        "fetch_free_jobs_all, waiting",
        "fetch_free_jobs_all, finished",
        "fetch_free_jobs_all, ahead",
        "fetch_free_jobs_all, behind",
        "fetch_free_jobs_all, locks",
        "fetch_free_jobs_queues, waiting",
        "fetch_free_jobs_queues, finished",
        "fetch_free_jobs_queues, ahead",
        "fetch_free_jobs_queues, behind"
    })
    void fetchingReadsNoMoreWhereTheBacklogIsLong(String fetch, String backlog) throws SQLException {
        if (fetch.equals("fetch_jobs_plain")) {
            try (App app = App.create(database.settings()).open()) {
                app.schemaManager().deoptimize();
            }
        }
        try (Connection session = session()) {
            fill(backlog, FEW);
            assertThat(explain(session, fetch)).isNotEmpty();
            long few = buffers(explain(session, fetch));
            fill(backlog, MANY);
            String plan = explain(session, fetch);

            assertThat(plan).as("the plan").doesNotContain("\"Seq Scan\"");
            assertThat(buffers(plan)).as("buffers, " + few + " at first").isLessThan(few + BUFFERS_MORE);
        }
    }

    /** Adds rows of a kind, and a few runnable jobs. */
    private void fill(String backlog, int rows) throws SQLException {
        String columns = switch (backlog) {
            case "waiting" -> "0, NULL, 'todo', NULL::timestamptz";
            case "finished" -> "0, NULL, 'succeeded', NULL::timestamptz";
            case "ahead" -> "9, NULL, 'todo', now() + interval '1 day'";
            case "behind" -> "9, 'held ' || n % 10, 'todo', NULL::timestamptz";
            case "locks" -> "0, 'own ' || n, 'todo', NULL::timestamptz";
            default -> throw new IllegalArgumentException(backlog);
        };
        database.run("ALTER TABLE procrastinate_jobs DISABLE TRIGGER USER");
        database.run("INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, status, scheduled_at)"
                + " SELECT 'q1', 't', 1, 'held ' || n, 'doing', NULL::timestamptz FROM generate_series(0, 9) AS n"
                + " ON CONFLICT DO NOTHING");
        database.run("INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, status, scheduled_at)"
                + " SELECT 'q' || n % 100, 't', p, l, s::procrastinate_job_status, a FROM generate_series(1, " + rows
                + ") AS n CROSS JOIN LATERAL (SELECT " + columns + ") AS v(p, l, s, a)");
        database.run(
                "INSERT INTO procrastinate_jobs (queue_name, task_name) SELECT 'q1', 't' FROM generate_series(1, 20)");
        database.run("ALTER TABLE procrastinate_jobs ENABLE TRIGGER USER");
    }

    /** A session like those of the connector's pool, with its cached plan. */
    private Connection session() throws SQLException {
        Connection session = database.transaction();
        try (Statement statement = session.createStatement()) {
            statement.execute(ServerVariables.sql(SessionSettings.parameters()));
        }
        session.commit();
        return session;
    }

    private static String explain(Connection session, String fetch) throws SQLException {
        Query.Rendered query =
                QueryFile.beside(Worker.class, "fetch.sql").query(fetch).numbered();
        try (Statement statement = session.createStatement()) {
            statement.execute("PREPARE fetching AS " + query.sql());
            try (ResultSet plan = statement.executeQuery(
                    "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE fetching" + FETCHES.get(fetch))) {
                plan.next();
                return plan.getString(1);
            }
        } finally {
            session.rollback();
            try (Statement statement = session.createStatement()) {
                statement.execute("DEALLOCATE fetching");
            }
            session.commit();
        }
    }

    private static long buffers(String plan) {
        Matcher matcher = BUFFERS.matcher(plan);
        assertThat(matcher.find()).as("buffers in the plan").isTrue();
        return Long.parseLong(matcher.group(1)) + Long.parseLong(matcher.group(2));
    }
}

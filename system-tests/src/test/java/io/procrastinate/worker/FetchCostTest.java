package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.ServerVariables;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.fixture.AppDatabase;
import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A fetch that finds nothing reads few pages, whatever there is that it may not take. */
class FetchCostTest {

    private static final QueryFile QUERIES = QueryFile.beside(Worker.class, "fetch.sql");
    private static final Pattern PAGES = Pattern.compile("\"Shared (?:Hit|Read) Blocks\": (\\d+)");
    private static final long FEW_PAGES = 400;

    /** A few for each of the five hundred locks that are looked at. */
    private static final long MANY_LOCKS_PAGES = 5_000;

    private AppDatabase database;

    @BeforeEach
    void open() throws SQLException {
        database = AppDatabase.withSchema();
        database.run("INSERT INTO procrastinate_workers DEFAULT VALUES");
        database.run(ServerVariables.sql(SessionSettings.parameters()));
    }

    @AfterEach
    void close() throws SQLException {
        database.close();
    }

    @Test
    void doesNotReadTheQueueOfOthers() throws SQLException {
        fill("'busy', NULL, 'todo'");

        assertThat(pages("fetch_jobs_queues", "text[], integer, bigint", "'{idle}', 100, 1"))
                .isLessThan(FEW_PAGES);
    }

    @Test
    void doesNotReadTheLocksOfOthersQueues() throws SQLException {
        fill("'busy', 'lock ' || n, 'todo'");

        assertThat(pages("fetch_jobs_queues", "text[], integer, bigint", "'{idle}', 100, 1"))
                .isLessThan(FEW_PAGES);
    }

    @Test
    void looksOnceAtALockThatIsHeld() throws SQLException {
        fill("'busy', 'lock ' || n % 10, CASE WHEN n <= 10 THEN 'doing' ELSE 'todo' END");

        assertThat(pages("fetch_jobs_all", "integer, bigint", "100, 1")).isLessThan(FEW_PAGES);
        assertThat(pages("fetch_jobs_queues", "text[], integer, bigint", "'{busy}', 100, 1"))
                .isLessThan(FEW_PAGES);
        assertThat(pages("fetch_free_jobs_all", "integer, bigint", "100, 1")).isLessThan(FEW_PAGES);
        assertThat(pages("fetch_free_jobs_queues", "text[], integer, bigint", "'{busy}', 100, 1"))
                .isLessThan(FEW_PAGES);
    }

    /**
     * Statistics of a table on which no job with a lock waited, as after a drain: each lock is still found by itself.
     */
    @Test
    void looksForTheFirstOfEachLockOnly() throws SQLException {
        fill("'busy', NULL, 'succeeded'");
        add("'busy', 'lock ' || n, CASE WHEN n < 300 THEN 'doing' ELSE 'todo' END", 3_000);

        assertThat(pagesOf("fetch_jobs_all", "integer, bigint", "100, 1")).isLessThan(MANY_LOCKS_PAGES);
        assertThat(pagesOf("fetch_jobs_queues", "text[], integer, bigint", "'{busy}', 100, 1"))
                .isLessThan(MANY_LOCKS_PAGES);
    }

    private void fill(String queueLockAndStatus) throws SQLException {
        add(queueLockAndStatus, 50_000);
        database.run("VACUUM (ANALYZE) procrastinate_jobs");
    }

    private void add(String queueLockAndStatus, int rows) throws SQLException {
        database.run("SET session_replication_role = replica"); // no events: they do not matter here
        database.run("INSERT INTO procrastinate_jobs (task_name, worker_id, queue_name, lock, status)"
                + " SELECT 'noop', CASE WHEN status = 'doing' THEN 1 END, queue, lock, status::procrastinate_job_status"
                + " FROM (SELECT " + queueLockAndStatus
                + " FROM generate_series(1, " + rows + ") AS n) AS j(queue, lock, status)");
    }

    /** How many pages a query reads that finds nothing. */
    private long pages(String query, String types, String values) throws SQLException {
        String plan = plan(query, types, values);
        assertThat(plan).contains("\"Actual Rows\": 0");
        return pages(plan);
    }

    /** How many pages a query reads that finds a hundred jobs. */
    private long pagesOf(String query, String types, String values) throws SQLException {
        String plan = plan(query, types, values);
        assertThat(plan).contains("\"Actual Rows\": 100");
        return pages(plan);
    }

    private String plan(String query, String types, String values) throws SQLException {
        database.run("PREPARE " + query + " (" + types + ") AS "
                + QUERIES.query(query).numbered().sql());
        return String.join(
                "\n", database.rows("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE " + query + " (" + values + ")"));
    }

    private static long pages(String plan) {
        Matcher pages = PAGES.matcher(plan);
        long touched = 0;
        for (int block = 0; block < 2; block++) { // the first ones are those of the whole plan
            assertThat(pages.find()).isTrue();
            touched += Long.parseLong(pages.group(1));
        }
        return touched;
    }
}

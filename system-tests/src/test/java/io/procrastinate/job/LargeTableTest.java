package io.procrastinate.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.connector.ServerVariables;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.fixture.AppDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** What looks for few jobs reads few rows of a table that holds many, counted rather than timed. */
class LargeTableTest {

    private static final int SUCCEEDED = 50_000;
    private static final int OTHERS = 40;
    private static final int PAGE = 20;
    private static final int FEW_ROWS = 10 * OTHERS;

    private AppDatabase database;
    private App app;
    private Connection connection;
    private JobManager jobs;

    /** Those that succeeded were deferred first, so that a walk over the ids meets them first. */
    @BeforeEach
    void open() throws SQLException {
        database = AppDatabase.withSchema();
        fill("succeeded", SUCCEEDED);
        for (String status : List.of("failed", "cancelled", "aborted", "doing", "todo")) {
            fill(status, OTHERS);
        }
        database.run("UPDATE procrastinate_jobs SET worker_id = 1 WHERE status = 'doing'");
        database.run("VACUUM (ANALYZE) procrastinate_jobs");
        app = App.create(database.settings()).open();
        connection = database.transaction();
        try (Statement statement = connection.createStatement()) {
            statement.execute(ServerVariables.sql(SessionSettings.parameters()));
        }
        connection.commit();
        jobs = app.jobManager().on(connection);
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
        app.close();
        database.close();
    }

    private void fill(String status, int rows) throws SQLException {
        database.run("SET session_replication_role = replica"); // no notifications: they do not matter here
        database.run("INSERT INTO procrastinate_jobs (task_name, queue_name, status, priority, lock, scheduled_at,"
                + " java_ended_at)"
                + " SELECT 't', 'q' || n % 3, '" + status + "', n % 2, CASE n % 4 WHEN 0 THEN 'lock ' || n END,"
                + " CASE n % 5 WHEN 0 THEN now() - interval '2 days' END, now() FROM generate_series(1, " + rows
                + ") AS n");
    }

    @ParameterizedTest
    @EnumSource(
            names = {"SUCCEEDED", "ABORTING", "UNKNOWN"},
            mode = Mode.EXCLUDE)
    void listsAndCountsByAStatusThatFewJobsHave(JobStatus status) throws SQLException {
        JobFilter filter = JobFilter.ALL.status(status);

        List<Long> first = ids(filter.page(0, PAGE));
        List<Long> second = ids(filter.page(first.get(PAGE - 1), PAGE));

        assertThat(first).hasSize(PAGE).isSorted().doesNotContainAnyElementsOf(second);
        assertThat(second).hasSize(PAGE).isSorted();
        assertThat(ids(filter.page(second.get(PAGE - 1), PAGE))).isEmpty();
        assertThat(ids(filter.queue("q1"))).hasSize(OTHERS / 3 + 1);
        assertThat(jobs.queues(filter).stream().mapToLong(queue -> queue.of(status)))
                .containsExactlyInAnyOrder(13L, 14L, 13L);
        assertThat(jobs.tasks(filter)).hasSize(1);
        assertThat(jobs.locks(filter)).hasSize(OTHERS / 4);
        assertThat(rowsRead()).isLessThan(FEW_ROWS);
    }

    @Test
    void listsStalledJobs() throws SQLException {
        assertThat(ids(JobFilter.ALL.stalledFor(Duration.ofSeconds(30)))).hasSize(OTHERS);
        assertThat(rowsRead()).isLessThan(FEW_ROWS);
    }

    /** By ids, which are in the order of deferring, until the jobs are younger than what is removed. */
    @Test
    void removingOldJobsReadsNoneThatAreYounger() throws SQLException {
        database.run("UPDATE procrastinate_jobs SET java_deferred_at = now() - interval '1 day',"
                + " java_ended_at = now() - interval '1 day' WHERE id <= 1500 AND status = 'succeeded'");
        AtomicInteger chunks = new AtomicInteger();

        long removed = jobs.deleteOld(OldJobs.ended(Duration.ofHours(2)), () -> chunks.incrementAndGet() > 0);

        assertThat(removed).isEqualTo(1500);
        assertThat(chunks).hasValue(2);
    }

    private List<Long> ids(JobFilter filter) {
        return jobs.list(filter).stream().map(Job::id).toList();
    }

    /** How many rows the transaction has read, whether it found them by an index or not. */
    private long rowsRead() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet read = statement.executeQuery("SELECT seq_tup_read + idx_tup_fetch"
                        + " FROM pg_stat_xact_user_tables WHERE relname = 'procrastinate_jobs'")) {
            read.next();
            return read.getLong(1);
        }
    }
}

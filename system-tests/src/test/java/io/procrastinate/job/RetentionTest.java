package io.procrastinate.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.driver.Stages;
import io.procrastinate.task.AbortReason;
import io.procrastinate.task.BuiltinTasks;
import io.procrastinate.task.JobContext;
import io.procrastinate.tck.TestDatabase;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Old jobs are removed in chunks, each in a transaction of its own. */
class RetentionTest {

    private static final OldJobs OLD = OldJobs.ended(Duration.ofHours(2));
    private static final Duration BOUND = Duration.ofSeconds(30);

    private final TestDatabase database = TestDatabase.withSchema();
    private final App app =
            App.create(database.settings().toBuilder().poolSize(3).build());

    /**
     * Each statement that deletes jobs records how many, and in which transaction; it waits while the test blocks it.
     */
    @BeforeEach
    void open() {
        Stages.join(app.openAsync());
        database.runScript("CREATE TABLE deletions (id serial, transaction bigint, jobs bigint);"
                + " CREATE FUNCTION note_deletion() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN"
                + " INSERT INTO deletions (transaction, jobs) SELECT txid_current(), count(*) FROM gone;"
                + " PERFORM pg_advisory_xact_lock_shared(4711); RETURN NULL; END';"
                + " CREATE TRIGGER note_deletion AFTER DELETE ON procrastinate_jobs REFERENCING OLD TABLE AS gone"
                + " FOR EACH STATEMENT EXECUTE FUNCTION note_deletion()");
    }

    @AfterEach
    void close() {
        app.close();
        database.close();
    }

    @Test
    void noStatementDeletesMoreThanAThousand() {
        ended(2300, "3 hours");
        ended(5, "1 hour");

        long id = removal();
        drain();

        assertThat(app.jobManager().status(id)).isEqualTo(JobStatus.SUCCEEDED);
        assertThat(database.texts("SELECT jobs FROM deletions WHERE jobs > 0 ORDER BY id"))
                .containsExactly("1000", "1000", "300");
        assertThat(database.number("SELECT count(DISTINCT transaction) FROM deletions WHERE jobs > 0"))
                .isEqualTo(3);
        assertThat(left()).isEqualTo(5);
        assertThat(database.number("SELECT count(*) FROM procrastinate_events WHERE job_id <> " + id))
                .isEqualTo(5);
    }

    @Test
    void onlyTheQueueAndTheStatusesThatAreNamedAreRemoved() {
        for (JobStatus status : JobStatus.values()) {
            if (status != JobStatus.UNKNOWN) {
                ended(1, "3 hours", "q", status);
                ended(1, "3 hours", "other", status);
            }
        }

        removal(Map.of("queue", "q", "remove_failed", true, "remove_aborted", false));
        drain();
        assertThat(statusesLeft("q")).containsExactly("todo", "doing", "cancelled", "aborting", "aborted");
        assertThat(statusesLeft("other"))
                .containsExactly("todo", "doing", "succeeded", "failed", "cancelled", "aborting", "aborted");

        removal(Map.of("remove_failed", true, "remove_cancelled", true, "remove_aborted", true));
        drain();
        assertThat(statusesLeft("q")).containsExactly("todo", "doing", "aborting");
        assertThat(statusesLeft("other")).containsExactly("todo", "doing", "aborting");
    }

    @Test
    void anAgeThatIsNoNumberFailsTheJob() {
        ended(1, "3 hours");
        long id = app.configureTask(BuiltinTasks.REMOVE_OLD_JOBS).defer(Map.of("max_hours", "two"));

        drain();

        assertThat(app.jobManager().status(id)).isEqualTo(JobStatus.FAILED);
        assertThat(left()).isEqualTo(1);
    }

    @Test
    void whatIsLockedIsLeftAndNotWaitedFor() throws SQLException {
        ended(3, "3 hours");
        try (Connection other = database.connect()) {
            other.setAutoCommit(false);
            other.createStatement().execute("SELECT 1 FROM procrastinate_jobs WHERE id = 2 FOR UPDATE");

            assertThat(app.jobManager().deleteOld(OLD, () -> true)).isEqualTo(2);

            other.rollback();
        }
        assertThat(app.jobManager().deleteOld(OLD, () -> true)).isEqualTo(1);
    }

    @Test
    void aCancelledJobIsAsOldAsItsCancellation() {
        long longAgo = app.externalTask("t").in(Duration.ofDays(3)).defer(Map.of());
        long justNow = app.externalTask("t").in(Duration.ofDays(3)).defer(Map.of());
        app.jobManager().cancel(longAgo);
        app.jobManager().cancel(justNow);
        database.run("UPDATE procrastinate_events SET at = now() - interval '10 hours' WHERE type = 'deferred'");
        database.run(
                "UPDATE procrastinate_events SET at = now() - interval '3 hours'"
                        + " WHERE type = 'cancelled' AND job_id = ?",
                longAgo);

        removal();
        drain();
        assertThat(left())
                .as("cancelled jobs are removed only where that is asked for")
                .isEqualTo(2);

        removal(Map.of("remove_cancelled", true));
        drain();
        assertThat(database.texts("SELECT id FROM procrastinate_jobs WHERE task_name = 't'"))
                .containsExactly(Long.toString(justNow));
    }

    @Test
    void asksBeforeEachChunkWhetherToGoOn() {
        ended(2300, "3 hours");

        assertThat(app.jobManager().deleteOld(OLD, times(1))).isEqualTo(1000);
        assertThat(Stages.join(app.jobManager().deleteOldAsync(OLD, times(1)))).isEqualTo(1000);
        assertThat(app.jobManager().deleteOld(OLD, times(0))).isZero();
        assertThat(Stages.join(app.jobManager().deleteOldAsync(OLD, () -> true)))
                .isEqualTo(300);
    }

    @Test
    void anAbortEndsItBetweenChunks() {
        ended(2300, "3 hours");
        long id = removal();
        AtomicReference<JobContext> running = new AtomicReference<>();
        try (Worker worker = startAndHoldUpTheFirstChunk(running, WorkerOptions.builder())) {
            assertThat(app.jobManager().cancel(id, CancelOption.ABORT)).isTrue();
            await().atMost(BOUND).until(() -> context(running).shouldAbort());
            database.run("SELECT pg_advisory_unlock_all()");
            await().atMost(BOUND).until(() -> app.jobManager().status(id) == JobStatus.ABORTED);
            assertThat(worker.isHealthy()).isTrue();
        }
        assertThat(left()).isIn(1300L, 2300L);

        removal();
        drain();
        assertThat(left()).isZero();
    }

    @Test
    void aWorkerThatStopsLeavesTheRestToOthers() {
        ended(2300, "3 hours");
        long id = removal();
        AtomicReference<JobContext> running = new AtomicReference<>();
        WorkerOptions.Builder options = WorkerOptions.builder().shutdownGracefulTimeout(Duration.ZERO);
        try (Worker worker = startAndHoldUpTheFirstChunk(running, options)) {
            worker.stop();
            await().atMost(BOUND).until(() -> context(running).abortReason() == AbortReason.SHUTDOWN);
            database.run("SELECT pg_advisory_unlock_all()");
            assertThat(worker.awaitEnd(BOUND)).isTrue();
        }
        assertThat(app.jobManager().status(id)).isEqualTo(JobStatus.TODO);
        assertThat(left()).isIn(1300L, 2300L);

        drain();
        assertThat(app.jobManager().status(id)).isEqualTo(JobStatus.SUCCEEDED);
        assertThat(left()).isZero();
    }

    private Worker startAndHoldUpTheFirstChunk(AtomicReference<JobContext> running, WorkerOptions.Builder options) {
        database.run("SELECT pg_advisory_lock(4711)");
        Worker worker = app.worker(options.middleware((context, next) -> {
                    running.set(context);
                    return next.run();
                })
                .build());
        worker.start();
        await().atMost(BOUND)
                .until(() -> database.number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                                + " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
                        == 1);
        return worker;
    }

    private static JobContext context(AtomicReference<JobContext> running) {
        return Objects.requireNonNull(running.get());
    }

    /** Inserts jobs that succeeded some time ago. */
    private void ended(int number, String ago) {
        ended(number, ago, "q", JobStatus.SUCCEEDED);
    }

    private void ended(int number, String ago, String queue, JobStatus status) {
        database.run(
                "WITH ended AS (INSERT INTO procrastinate_jobs (queue_name, task_name, status, java_deferred_at)"
                        + " SELECT ?, 't', ?::procrastinate_job_status, now() - ?::interval FROM generate_series(1, ?)"
                        + " RETURNING id)"
                        + " INSERT INTO procrastinate_events (job_id, type, at)"
                        + " SELECT id, 'succeeded', now() - ?::interval FROM ended",
                queue,
                status.text(),
                ago,
                number,
                ago);
    }

    private long removal() {
        return removal(Map.of());
    }

    private long removal(Map<String, Object> args) {
        Map<String, Object> all = new HashMap<>(args);
        all.put("max_hours", 2);
        return app.configureTask(BuiltinTasks.REMOVE_OLD_JOBS).defer(all);
    }

    private void drain() {
        app.runWorker(WorkerOptions.builder()
                .queues(BuiltinTasks.QUEUE)
                .waitForJobs(false)
                .rescueStalledJobs(false)
                .build());
    }

    private List<String> statusesLeft(String queue) {
        return database.texts(
                "SELECT status FROM procrastinate_jobs WHERE task_name = 't' AND queue_name = ? ORDER BY status",
                queue);
    }

    private long left() {
        return database.number("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 't'");
    }

    /** Returns true a number of times. */
    private static BooleanSupplier times(int times) {
        AtomicInteger asked = new AtomicInteger();
        return () -> asked.getAndIncrement() < times;
    }
}

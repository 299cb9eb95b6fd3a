package io.procrastinate.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.App;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.exception.SchemaException;
import io.procrastinate.fixture.AppDatabase;
import io.procrastinate.task.Task;
import io.procrastinate.worker.WorkerOptions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A taken queueing lock costs the caller no more than the refused job. */
class QueueingLockTest {

    @Test
    void aRefusedBatchLeavesTheCallersTransactionAlive() throws SQLException {
        try (AppDatabase database = AppDatabase.withSchema();
                App app = App.create(database.settings()).open()) {
            Task<Map<String, @Nullable Object>> task = app.task("work").run(args -> {});
            task.configure().queueingLock("taken").defer(Map.of());
            try (Connection connection = database.transaction()) {
                long first = task.configure().on(connection).defer(Map.of());
                List<Map<String, @Nullable Object>> both = List.of(Map.of("n", 1), Map.of("n", 2));
                assertThatExceptionOfType(AlreadyEnqueuedException.class)
                        .isThrownBy(() -> task.configure()
                                .queueingLock("taken")
                                .on(connection)
                                .batchDefer(both));
                assertThatExceptionOfType(AlreadyEnqueuedException.class)
                        .isThrownBy(() -> task.configure()
                                .queueingLock("twice in the batch")
                                .on(connection)
                                .batchDefer(both));
                long last = task.configure().on(connection).defer(Map.of());
                connection.commit();
                assertThat(app.jobManager().list(JobFilter.ALL))
                        .extracting(Job::id)
                        .hasSize(3)
                        .contains(first, last);
            }
        }
    }

    @Test
    void nobodySeesAnythingOfARefusedBatchOnAConnectionWithoutATransaction() throws SQLException {
        try (AppDatabase database = AppDatabase.withSchema();
                App app = App.create(database.settings()).open();
                Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE committed (queueing_lock text)");
            statement.execute("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS"
                    + " 'BEGIN INSERT INTO committed VALUES (NEW.queueing_lock); RETURN NULL; END'");
            statement.execute(
                    "CREATE TRIGGER keep AFTER INSERT ON procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION keep()");
            NewJob job = NewJob.of("work");
            app.jobManager().defer(job.queueingLock("taken"));
            assertThatExceptionOfType(AlreadyEnqueuedException.class)
                    .isThrownBy(() -> app.jobManager()
                            .on(connection)
                            .batchDefer(List.of(job.queueingLock("free"), job.queueingLock("taken"))));
            assertThat(app.jobManager().on(connection).batchDefer(List.of(job.queueingLock("other"), job)))
                    .hasSize(2);
            try (ResultSet committed = statement.executeQuery("SELECT string_agg(queueing_lock, ' ') FROM committed")) {
                assertThat(committed.next()).isTrue();
                assertThat(committed.getString(1)).isEqualTo("taken other");
            }
        }
    }

    @Test
    void aJobCannotWaitAgainBesideAnotherOneWithItsQueueingLock() throws SQLException {
        try (AppDatabase database = AppDatabase.withSchema();
                App app = App.create(database.settings()).open()) {
            Task<Map<String, @Nullable Object>> task = app.task("work")
                    .queueingLock("once")
                    .run(args -> {
                        throw new IllegalStateException("no");
                    });
            long failed = task.defer(Map.of());
            app.runWorker(WorkerOptions.builder().waitForJobs(false).build());
            task.defer(Map.of());
            assertThatExceptionOfType(AlreadyEnqueuedException.class)
                    .isThrownBy(() -> app.jobManager().retry(failed, RetryDecision.now()))
                    .withMessageContaining("Job " + failed + " cannot be retried");
            assertThat(app.jobManager().status(failed)).isEqualTo(JobStatus.FAILED);
        }
    }

    @Test
    void theEmptyTextIsALockLikeAnyOtherAndNullIsNone() throws SQLException {
        try (AppDatabase database = AppDatabase.withSchema();
                App app = App.create(database.settings()).open()) {
            Task<Map<String, @Nullable Object>> task = app.task("work").run(args -> {});
            task.configure().queueingLock("").lock("").defer(Map.of());
            assertThatExceptionOfType(AlreadyEnqueuedException.class)
                    .isThrownBy(() -> task.configure().queueingLock("").defer(Map.of()));
            task.configure().queueingLock(null).lock(null).batchDefer(List.of(Map.of(), Map.of()));
            assertThat(app.jobManager().list(JobFilter.ALL))
                    .extracting(Job::lock)
                    .containsExactly("", null, null);
        }
    }

    @Test
    void aRunningJobDoesNotHoldItsQueueingLock() throws SQLException {
        try (AppDatabase database = AppDatabase.withSchema();
                App app = App.create(database.settings()).open()) {
            List<Long> deferred = new CopyOnWriteArrayList<>();
            Task<Map<String, @Nullable Object>> task = app.task("work")
                    .queueingLock("once")
                    .body((context, args) -> {
                        if (deferred.isEmpty()) {
                            deferred.add(context.tasks().configure("work").defer(Map.of()));
                        }
                        return null;
                    });
            long first = task.defer(Map.of());
            app.runWorker(WorkerOptions.builder().waitForJobs(false).build());
            assertThat(app.jobManager().list(JobFilter.ALL.status(JobStatus.SUCCEEDED)))
                    .extracting(Job::id)
                    .containsExactly(first, deferred.get(0));
        }
    }

    @Test
    void aLockHoldsInEveryQueueAndForEveryTask() throws SQLException {
        try (AppDatabase database = AppDatabase.withSchema();
                App app = App.create(database.settings()).open()) {
            List<String> ran = new CopyOnWriteArrayList<>();
            app.task("first").queue("a").lock("l").run(args -> ran.add("first"));
            app.task("second").queue("b").lock("l").run(args -> ran.add("second"));
            app.configureTask("first").defer(Map.of());
            app.configureTask("second").defer(Map.of());
            app.runWorker(WorkerOptions.builder().queues("b").waitForJobs(false).build());
            assertThat(ran).isEmpty();
            app.runWorker(WorkerOptions.builder().waitForJobs(false).build());
            assertThat(ran).containsExactly("first", "second");
        }
    }

    @Test
    void aWorkerThatCannotBeMadeLeavesTheAppAsItWas() throws SQLException {
        try (AppDatabase database = new AppDatabase();
                App app = App.create(database.settings())) {
            assertThatExceptionOfType(SchemaException.class).isThrownBy(() -> app.worker(WorkerOptions.defaults()));
            assertThat(app.connector().isOpen()).isFalse();
        }
    }
}

package io.procrastinate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.fixture.AppDatabase;
import io.procrastinate.fixture.CountingPool;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.NewJob;
import io.procrastinate.task.Task;
import io.procrastinate.tck.StartedThreads;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An app that chooses its connector: opening, closing and deferring. */
class AppTest {

    private static final String COLUMNS =
            "SELECT queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at,"
                    + " status, attempts, abort_requested, worker_id FROM procrastinate_jobs WHERE id = ?";

    @RegisterExtension
    final StartedThreads threads = new StartedThreads();

    private AppDatabase database;
    private App app;

    record Mail(String to, int copies) {}

    @BeforeEach
    void makeDatabase() throws SQLException {
        database = AppDatabase.withSchema();
        // The server takes a moment to end the connection that created the schema.
        await().until(() -> database.connections() == 0);
        app = App.create(database.settings());
    }

    @AfterEach
    void leavesNothingOpen() throws SQLException {
        app.close();
        await().untilAsserted(() -> assertThat(database.connections()).isZero());
        await().untilAsserted(() -> assertThat(threads.alive()).isEmpty());
        database.close();
    }

    @Test
    void sendsNothingBeforeItIsOpened() throws SQLException {
        assertThat(app.connector().name()).isEqualTo("pgjdbc");
        assertThat(app.connector()).isInstanceOf(AsyncConnector.class);
        assertThat(app.connector().isOpen()).isFalse();
        assertThat(database.connections()).isZero();
    }

    @Test
    void opensForBlockingCalls() throws SQLException {
        assertThat(app.open()).isSameAs(app);
        assertThat(app.schemaManager().isApplied()).isTrue();
        assertThat(mail().defer(new Mail("a", 1))).isPositive();
        assertThat(database.connections()).isPositive();
    }

    @Test
    void opensForAllCallsAfterBlockingOnesOverTheSamePool() throws SQLException {
        app.open();
        long first = mail().defer(new Mail("a", 1));
        Stages.join(app.openAsync());

        assertThat(Stages.join(app.configureTask("mail").deferAsync(Map.of("to", "a", "copies", 1))))
                .isGreaterThan(first);
        assertThat(app.connector().isOpen()).isTrue();
        assertThat(app.connector().sync()).isSameAs(app.connector().sync());
        assertThat(database.connections()).isLessThanOrEqualTo(3);
    }

    @Test
    void opensAndClosesAsOftenAsOneLikes() throws SQLException {
        app.open();
        app.open();
        Stages.join(app.openAsync());
        Stages.join(app.openAsync());
        assertThat(database.connections()).isLessThanOrEqualTo(3);
        app.close();
        app.close();
        Stages.join(app.closeAsync());
        await().untilAsserted(() -> assertThat(database.connections()).isZero());

        Stages.join(app.openAsync());
        assertThat(app.schemaManager().isApplied()).isTrue();
        Stages.join(app.closeAsync());
        app.open();
        assertThat(app.schemaManager().isApplied()).isTrue();
    }

    @Test
    void usesAPoolOfTheApplicationAndLeavesItOpen() throws SQLException {
        try (CountingPool pool = new CountingPool(database.dataSource());
                App other = App.create(database.settings()).open(pool)) {
            long id = other.externalTask("t").defer(Map.of());
            Stages.join(other.openAsync());
            assertThat(Stages.join(other.externalTask("t").deferAsync(Map.of())))
                    .isGreaterThan(id);
            assertThat(pool.borrowed()).isGreaterThanOrEqualTo(2);
            assertThat(database.connections()).isZero();
            Stages.join(other.closeAsync());
            assertThat(pool.isClosed()).isFalse();
            Stages.join(other.openAsync(pool));
            assertThat(Stages.join(other.externalTask("t").deferAsync(Map.of())))
                    .isGreaterThan(id);
        }
    }

    @Test
    void closesAtTheEndOfABlock() throws SQLException {
        try (App other = App.builder().settings(database.settings()).build().open()) {
            assertThat(other.schemaManager().isApplied()).isTrue();
        }
        await().untilAsserted(() -> assertThat(database.connections()).isZero());
        String url = "postgresql://postgres@" + database.settings().target() + "?application_name=" + database.name();
        try (App other = App.builder().url(url).build().open()) {
            assertThat(other.schemaManager().isApplied()).isTrue();
            assertThat(database.connections()).isPositive();
        }
    }

    @Test
    void defersWithTheOptionsOfTheTask() throws SQLException {
        app.open();
        Task<Mail> task = app.task("mail", Mail.class)
                .queue("q")
                .priority(7)
                .lock("l")
                .queueingLock("ql")
                .run(mail -> {});

        long id = task.defer(new Mail("ü", 2));

        assertThat(row(id)).isEqualTo("q|mail|7|l|ql|{\"to\": \"ü\", \"copies\": 2}|null|todo|0|f|null");
        assertThat(database.rows("SELECT type FROM procrastinate_events WHERE job_id = ?", id))
                .containsExactly("deferred");
    }

    @Test
    void defersByNameWhatOnlyAnotherProgramKnows() throws SQLException {
        app.open();

        long id = app.externalTask("python.task").defer(Map.of("n", new BigDecimal("12345678901234567890.10")));

        assertThat(row(id))
                .isEqualTo("default|python.task|0|null|null|{\"n\": 12345678901234567890.10}|null|todo|0|f|null");
    }

    @Test
    void configuresEveryColumn() throws SQLException {
        app.open();
        Task<Mail> task =
                app.task("mail", Mail.class).lock("l").queueingLock("ql").run(mail -> {});
        Instant at = Instant.parse("9999-12-31T23:59:59.999999Z");

        long id = task.configure()
                .queue("other")
                .priority(-5)
                .lock("L")
                .queueingLock("QL")
                .at(at)
                .defer(new Mail("a", 1));
        long plain = task.configure().lock(null).queueingLock(null).defer(new Mail("a", 1));
        long first = task.configure()
                .queueingLock(null)
                .at(Instant.parse("0001-01-01T00:00:00Z"))
                .defer(new Mail("a", 1));

        assertThat(row(id)).startsWith("other|mail|-5|L|QL|");
        assertThat(row(plain)).startsWith("default|mail|0|null|null|");
        assertThat(database.rows(
                        "SELECT id, scheduled_at AT TIME ZONE 'UTC' FROM procrastinate_jobs WHERE scheduled_at IS NOT"
                                + " NULL ORDER BY id"))
                .containsExactly(id + "|9999-12-31 23:59:59.999999", first + "|0001-01-01 00:00:00");
    }

    @Test
    void schedulesADelayByTheServersClock() throws SQLException {
        app.open();
        String isDue = "SELECT scheduled_at BETWEEN now() + interval '59 minutes' AND now() + interval '1 hour'"
                + " FROM procrastinate_jobs WHERE id = ?";
        var deferrer = app.externalTask("t").in(Duration.ofHours(1));

        assertThat(database.rows(isDue, deferrer.defer(Map.of()))).containsExactly("t");
        assertThat(database.rows(isDue, deferrer.batchDefer(List.of(Map.of())).get(0)))
                .containsExactly("t");
        long negative = app.externalTask("t").in(Duration.ofHours(-1)).defer(Map.of());
        assertThat(database.rows(
                        "SELECT scheduled_at BETWEEN now() - interval '1 minute' AND now() FROM procrastinate_jobs"
                                + " WHERE id = ?",
                        negative))
                .containsExactly("t");
        long endless =
                app.externalTask("t").in(Duration.ofSeconds(Long.MAX_VALUE)).defer(Map.of());
        assertThat(database.rows(
                        "SELECT extract(year FROM scheduled_at) FROM procrastinate_jobs WHERE id = ?", endless))
                .containsExactly("9999");
    }

    @Test
    void defersBatchesInOrder() throws SQLException {
        app.open();
        List<Mail> mails = IntStream.range(0, 2500)
                .mapToObj(number -> new Mail("m", number))
                .toList();

        List<Long> ids = mail().batchDefer(mails);

        assertThat(ids).hasSize(2500).isSorted();
        assertThat(database.rows("SELECT args->>'copies' FROM procrastinate_jobs ORDER BY id"))
                .isEqualTo(IntStream.range(0, 2500).mapToObj(String::valueOf).toList());
        Stages.join(app.openAsync());
        assertThat(Stages.join(app.externalTask("letter").batchDeferAsync(List.of(Map.of("n", 1), Map.of("n", 2)))))
                .hasSize(2)
                .isSorted();
    }

    @Test
    void defersABatchAsOneByOne() throws SQLException {
        app.open();
        List<NewJob> jobs = List.of(
                NewJob.of("a")
                        .queue("q")
                        .priority(3)
                        .lock("l")
                        .queueingLock("ql")
                        .args("{\"n\": 1.10, \"t\": \"ü😀\"}")
                        .at(Instant.EPOCH),
                NewJob.of("b"));

        List<Long> ids = app.jobManager().batchDefer(jobs);

        assertThat(row(ids.get(0))).startsWith("q|a|3|l|ql|{\"n\": 1.10, \"t\": \"ü😀\"}|1970-01-01");
        assertThat(row(ids.get(1))).isEqualTo("default|b|0|null|null|{}|null|todo|0|f|null");
    }

    @Test
    void defersNothingForAnEmptyList() throws SQLException {
        app.open();
        Stages.join(app.openAsync());
        Task<Mail> task = mail();

        assertThat(task.batchDefer(List.of())).isEmpty();
        assertThat(Stages.join(task.batchDeferAsync(List.of()))).isEmpty();
        assertThat(database.jobs()).isZero();
    }

    @Test
    void insertsNothingOfABatchWithAQueueingLockTwice() throws SQLException {
        Stages.join(app.openAsync());
        var deferrer = app.externalTask("t").queueingLock("ql");

        assertThatExceptionOfType(AlreadyEnqueuedException.class)
                .isThrownBy(() -> deferrer.batchDefer(List.of(Map.of(), Map.of())))
                .satisfies(e -> assertThat(e.queueingLock()).isEqualTo("ql"));
        assertThatThrownBy(() -> Stages.join(deferrer.batchDeferAsync(List.of(Map.of(), Map.of()))))
                .isInstanceOf(AlreadyEnqueuedException.class);
        NewJob one = deferrer.job(Map.of());
        assertThatExceptionOfType(AlreadyEnqueuedException.class)
                .isThrownBy(() -> app.jobManager().batchDefer(List.of(one, one.queueingLock("other"), one)))
                .withMessageContaining("one of its queueing locks is taken")
                .withMessageContaining("Nothing was inserted")
                .satisfies(e -> assertThat(e.queueingLock()).isNull());
        assertThat(database.jobs()).isZero();
    }

    @Test
    void insertsNothingOfABatchWithABadArgument() throws SQLException {
        app.open();
        var deferrer = app.externalTask("t");

        assertThatThrownBy(() -> deferrer.batchDefer(List.of(Map.of(), Map.of("a", "\0"))))
                .isInstanceOf(InvalidJobException.class);
        assertThat(database.jobs()).isZero();
    }

    @Test
    void tellsWhichJobHoldsTheQueueingLock() throws SQLException {
        Stages.join(app.openAsync());
        var deferrer = app.externalTask("t").queueingLock("ql");
        long waiting = deferrer.defer(Map.of());

        assertThatExceptionOfType(AlreadyEnqueuedException.class)
                .isThrownBy(() -> deferrer.defer(Map.of()))
                .withMessage("Job cannot be enqueued: there is already a job in the queue with the queueing lock ql")
                .satisfies(e -> assertThat(e.waitingJobId()).isEqualTo(waiting))
                .satisfies(e -> assertThat(e.queueingLock()).isEqualTo("ql"));
        assertThatExceptionOfType(AlreadyEnqueuedException.class)
                .isThrownBy(() -> Stages.join(deferrer.deferAsync(Map.of())))
                .satisfies(e -> assertThat(e.waitingJobId()).isEqualTo(waiting));
        assertThat(database.jobs()).isEqualTo(1);
        database.run("UPDATE procrastinate_jobs SET status = 'doing'");
        assertThat(deferrer.defer(Map.of())).isGreaterThan(waiting);
    }

    @Test
    void leavesTheCallersTransactionAliveWhenTheQueueingLockIsTaken() throws SQLException {
        app.open();
        database.run("CREATE TABLE orders (id int)");
        var deferrer = app.externalTask("t").queueingLock("ql");
        long waiting = deferrer.defer(Map.of());
        try (Connection connection = database.transaction();
                Statement statement = connection.createStatement()) {
            statement.execute("INSERT INTO orders VALUES (1)");
            assertThatExceptionOfType(AlreadyEnqueuedException.class)
                    .isThrownBy(() -> deferrer.on(connection).defer(Map.of()))
                    .satisfies(e -> assertThat(e.waitingJobId()).isEqualTo(waiting));
            statement.execute("INSERT INTO orders VALUES (2)");
            connection.commit();
        }
        assertThat(database.rows("SELECT id FROM orders ORDER BY id")).containsExactly("1", "2");
        assertThat(database.jobs()).isEqualTo(1);
    }

    @Test
    void defersInTheCallersTransaction() throws SQLException {
        Stages.join(app.openAsync());
        try (Connection connection = database.transaction()) {
            var deferrer = app.externalTask("t").on(connection);
            long id = deferrer.defer(Map.of());
            deferrer.batchDefer(List.of(Map.of(), Map.of()));
            Stages.join(deferrer.deferAsync(Map.of()));
            Stages.join(deferrer.batchDeferAsync(List.of(Map.of())));
            assertThat(app.jobManager().on(connection).status(id)).isEqualTo(JobStatus.TODO);
            assertThat(database.jobs()).isZero();
            connection.rollback();
            assertThat(database.jobs()).isZero();

            deferrer.defer(Map.of());
            deferrer.batchDefer(List.of(Map.of(), Map.of()));
            connection.commit();
            assertThat(database.jobs()).isEqualTo(3);
            assertThat(connection.getAutoCommit()).isFalse();
        }
    }

    @Test
    void defersOnAConnectionOfTheCallerWithoutBeingOpen() throws SQLException {
        try (Connection connection = database.transaction()) {
            app.externalTask("t").on(connection).defer(Map.of());
            Stages.join(app.externalTask("t").on(connection).deferAsync(Map.of()));
            connection.commit();
        }
        assertThat(database.jobs()).isEqualTo(2);
        assertThat(database.connections()).isZero();
    }

    @Test
    void defersOnAnInterruptedThreadAndStaysInterrupted() throws SQLException {
        app.open();
        Thread.currentThread().interrupt();
        try {
            assertThat(app.externalTask("t").defer(Map.of())).isPositive();
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(database.jobs()).isEqualTo(1);
    }

    private Task<Mail> mail() {
        return app.task("mail", Mail.class).run(mail -> {});
    }

    private String row(@Nullable Long id) throws SQLException {
        return database.rows(COLUMNS, id == null ? -1L : id).get(0);
    }
}

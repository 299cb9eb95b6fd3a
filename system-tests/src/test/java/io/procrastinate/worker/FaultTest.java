package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.fixture.Site;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.retry.JobRetryException;
import io.procrastinate.tck.TcpProxy;
import io.procrastinate.worker.JobResult.Outcome;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Lost connections, answers that do not arrive, and a worker that others declare dead. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FaultTest {

    private static final Duration LONG = Duration.ofSeconds(90);

    private final CountDownLatch released = new CountDownLatch(1);
    private final Semaphore entered = new Semaphore(0);
    private final AtomicInteger runs = new AtomicInteger();
    private Site site;
    private TcpProxy proxy;

    @BeforeEach
    void open() {
        site = new Site();
        proxy = TcpProxy.to(site.settings);
    }

    @AfterEach
    void close() {
        released.countDown();
        proxy.close();
        site.close();
    }

    /**
     * An app that reaches the database through the proxy, with statements sent as text so that the proxy can recognise
     * them.
     */
    private App behindProxy() {
        ConnectorSettings settings = proxy.through(site.settings).toBuilder()
                .preparedStatements(false)
                .statementTimeout(Duration.ofSeconds(5))
                .build();
        App app = site.another(settings);
        app.task("count").run(args -> runs.incrementAndGet());
        app.task("block").call(args -> {
            runs.incrementAndGet();
            entered.release();
            released.await();
            return "done";
        });
        return app;
    }

    private WorkerOptions.Builder options() {
        return site.options().abortPollingInterval(Duration.ofMillis(200));
    }

    @Test
    void losesNothingWhenItsConnectionsAreKilledAgainAndAgain() {
        site.app.task("count").run(args -> runs.incrementAndGet());
        Worker worker = site.start(site.options().concurrency(20));

        for (int round = 0; round < 15; round++) {
            site.sql("INSERT INTO procrastinate_jobs (queue_name, task_name)"
                    + " SELECT 'default', 'count' FROM generate_series(1, 200)");
            site.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    + " WHERE datname = current_database() AND application_name = 'under-test'");
        }

        Site.until(LONG, () -> site.count("succeeded") == 3000, "every job succeeded");
        assertThat(worker.awaitEnd(Duration.ZERO)).isFalse();
        assertThat(runs.get()).isGreaterThanOrEqualTo(3000);
        assertThat(site.number("SELECT count(*) FROM procrastinate_workers")).isEqualTo(1);
    }

    @Test
    void givesBackJobsWhoseFetchWasNotAnswered() {
        App app = behindProxy();
        site.defer("count", 30);
        proxy.loseAnswers("picked AS MATERIALIZED", 2);

        site.start(app, options().concurrency(10));

        Site.until(() -> site.count("succeeded") == 30, "every job succeeded");
        assertThat(proxy.answersToLose()).isZero();
        assertThat(runs).hasValue(30);
        assertThat(site.number("SELECT max(attempts) FROM procrastinate_jobs")).isEqualTo(1);
    }

    @Test
    void givesBackJobsWhoseFetchIsCommittedLongAfterItsConnectionWasLost() {
        App app = behindProxy();
        long id = app.configureTask("count").in(Duration.ofHours(1)).defer(Map.of());
        proxy.loseAnswers("picked AS MATERIALIZED", 1);
        site.start(app, options());
        site.defer("count", 1);
        Site.until(() -> site.count("succeeded") == 1, "the worker has found back to its work");

        site.sql(
                "UPDATE procrastinate_jobs SET status = 'doing', scheduled_at = NULL,"
                        + " worker_id = (SELECT id FROM procrastinate_workers) WHERE id = ?",
                id);

        Site.until(Duration.ofSeconds(25), () -> site.count("succeeded") == 2, "the job runs");
    }

    @Test
    void storesAResultOnceWhenTheAnswerIsLost() {
        App app = behindProxy();
        proxy.loseAnswers("delete boolean", 2);
        site.defer("count", 30);

        site.start(app, options().concurrency(10));

        Site.until(() -> site.results.size() == 30, "every result is reported");
        assertThat(proxy.answersToLose()).isLessThan(2);
        assertThat(site.count("succeeded")).isEqualTo(30);
        assertThat(site.results).extracting(JobResult::outcome).containsOnly(Outcome.SUCCEEDED);
        assertThat(runs).hasValue(30);
        assertThat(site.number("SELECT count(*) FROM procrastinate_events WHERE type = 'succeeded'"))
                .isEqualTo(30);
    }

    @Test
    void findsOutHalfOpenConnections() throws InterruptedException {
        App app = behindProxy();
        Worker worker = site.start(app, options().concurrency(2));
        app.configureTask("block").defer(Map.of());
        assertThat(entered.tryAcquire(30, TimeUnit.SECONDS)).isTrue();

        proxy.freezeConnections();
        site.defer("count", 10);

        Site.until(LONG, () -> site.count("succeeded") == 10, "the jobs succeeded on new connections");
        released.countDown();
        Site.until(LONG, () -> site.count("succeeded") == 11, "the job that was running succeeded");
        assertThat(worker.awaitEnd(Duration.ZERO)).isFalse();
    }

    @Test
    void registersAgainAndKeepsItsJobsWhenItsRowIsDeleted() throws InterruptedException {
        App app = behindProxy();
        Worker worker = site.start(
                app,
                options()
                        .concurrency(2)
                        .heartbeatInterval(Duration.ofSeconds(1))
                        .stalledWorkerTimeout(Duration.ofSeconds(60)));
        long id = app.configureTask("block").defer(Map.of());
        assertThat(entered.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
        String before = site.sql("SELECT id FROM procrastinate_workers").get(0);

        site.sql("DELETE FROM procrastinate_workers");

        Site.until(
                () -> !site.sql(
                                "SELECT worker_id FROM procrastinate_jobs j JOIN procrastinate_workers w"
                                        + " ON w.id = j.worker_id WHERE w.id <> ?",
                                Long.parseLong(before))
                        .isEmpty(),
                "the job is under the worker's new id");
        site.defer("count", 1);
        Site.until(() -> site.count("succeeded") == 1, "it goes on fetching");
        released.countDown();
        site.awaitStatus(id, "succeeded");
        Site.until(() -> site.results.size() == 2, "every result is reported");
        assertThat(site.results).extracting(JobResult::outcome).containsOnly(Outcome.SUCCEEDED);
        worker.close();
        assertThat(site.number("SELECT count(*) FROM procrastinate_workers")).isZero();
    }

    @Test
    void registersAgainWhenAFetchFindsItsRowGone() {
        site.app.task("count").run(args -> runs.incrementAndGet());
        site.start(site.options().heartbeatInterval(Duration.ofSeconds(50)).stalledWorkerTimeout(LONG));
        Site.until(() -> site.number("SELECT count(*) FROM procrastinate_workers") == 1, "it registers");

        for (int round = 0; round < 5; round++) {
            site.sql("DELETE FROM procrastinate_workers");
            site.awaitStatus(site.app.configureTask("count").defer(Map.of()), "succeeded");
        }

        assertThat(site.number("SELECT count(*) FROM procrastinate_workers")).isEqualTo(1);
    }

    @Test
    void knowsThatAJobWasTakenAway() throws InterruptedException {
        App app = behindProxy();
        CountDownLatch knew = new CountDownLatch(1);
        app.task("look").body((context, args) -> {
            entered.release();
            while (!context.shouldAbort()) {
                Thread.sleep(5);
            }
            if (context.lost() && context.abortReason() == null) {
                knew.countDown();
            }
            return "too late";
        });
        site.start(app, options());
        long id = app.configureTask("look").defer(Map.of());
        assertThat(entered.tryAcquire(30, TimeUnit.SECONDS)).isTrue();

        site.sql("SELECT procrastinate_retry_job_v2(?, now() + interval '1 hour', NULL, NULL, NULL)", id);

        assertThat(knew.await(30, TimeUnit.SECONDS)).isTrue();
        Site.until(() -> !site.results.isEmpty(), "the result is reported");
        assertThat(site.results.element().outcome()).isEqualTo(Outcome.LOST);
        assertThat(site.status(id)).isEqualTo("todo");
    }

    @Test
    void runsAJobAgainThatWasTakenAwayBesideItsEarlierRun() throws InterruptedException {
        App app = behindProxy();
        site.start(app, options().concurrency(2));
        long id = app.configureTask("block").defer(Map.of());
        assertThat(entered.tryAcquire(30, TimeUnit.SECONDS)).isTrue();

        app.jobManager().retry(id, RetryDecision.now());

        assertThat(entered.tryAcquire(30, TimeUnit.SECONDS))
                .as("the job runs again")
                .isTrue();
        released.countDown();
        Site.until(() -> site.results.size() == 2, "both results are reported");
        assertThat(site.results)
                .extracting(JobResult::outcome)
                .containsExactlyInAnyOrder(Outcome.LOST, Outcome.SUCCEEDED);
        assertThat(site.status(id)).isEqualTo("succeeded");
        assertThat(site.attempts(id)).isEqualTo(2);
        CyclicBarrier both = new CyclicBarrier(2);
        app.task("meet").call(args -> both.await(30, TimeUnit.SECONDS));
        site.defer("meet", 2);
        Site.until(() -> site.count("succeeded") == 3, "both slots are free");
    }

    @Test
    void keepsAResultThatTheDatabaseRefusesAndStoresTheOthers() {
        site.app.task("count").run(args -> runs.incrementAndGet());
        site.sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                + " RAISE EXCEPTION 'not this one'; END $$");
        site.sql("CREATE TRIGGER refuse BEFORE UPDATE ON procrastinate_jobs FOR EACH ROW"
                + " WHEN (OLD.id = 5 AND NEW.status = 'succeeded') EXECUTE FUNCTION refuse()");
        site.defer("count", 20);
        site.start(site.options().concurrency(20));
        Site.until(() -> site.count("succeeded") == 19, "the other jobs succeeded");

        site.sql("DROP TRIGGER refuse ON procrastinate_jobs");

        site.awaitStatus(5, "succeeded");
        assertThat(runs).hasValue(20);
    }

    @Test
    void keepsARetryThatFailsForAReasonOfTheDatabase() throws InterruptedException {
        site.app.task("fail").run(args -> {
            runs.incrementAndGet();
            throw new JobRetryException("not yet", RetryDecision.in(Duration.ofHours(1)));
        });
        site.sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                + " RAISE EXCEPTION 'a broken page' USING ERRCODE = 'XX001'; END $$");
        site.sql("CREATE TRIGGER refuse BEFORE UPDATE ON procrastinate_jobs FOR EACH ROW"
                + " WHEN (NEW.attempts = 1) EXECUTE FUNCTION refuse()");
        List<Long> ids = site.defer("fail", 2);
        site.start(site.options().concurrency(2));
        Site.until(() -> runs.get() == 2, "the jobs have run");

        site.sql("DROP TRIGGER refuse ON procrastinate_jobs");

        Site.until(() -> site.results.size() == 2, "both results are reported");
        assertThat(site.results).extracting(JobResult::outcome).containsOnly(Outcome.RETRIED);
        assertThat(ids).allSatisfy(id -> assertThat(site.status(id)).isEqualTo("todo"));
    }

    @Test
    void storesTheOtherResultsWhileATransactionHoldsARow() throws InterruptedException, SQLException {
        App app = behindProxy();
        List<Long> ids = site.defer("block", 20);
        site.start(app, options().concurrency(20));
        assertThat(entered.tryAcquire(20, 30, TimeUnit.SECONDS)).isTrue();

        try (Connection open = site.database.connect()) {
            open.setAutoCommit(false);
            lock(open, ids.get(4));
            released.countDown();
            Site.until(() -> site.count("succeeded") == 19, "the other jobs succeeded");
            open.rollback();
        }

        site.awaitStatus(ids.get(4), "succeeded");
        Site.until(() -> site.results.size() == 20, "every result is reported");
        assertThat(site.results).extracting(JobResult::outcome).containsOnly(Outcome.SUCCEEDED);
    }

    private static void lock(Connection open, long id) throws SQLException {
        try (PreparedStatement statement =
                open.prepareStatement("SELECT id FROM procrastinate_jobs WHERE id = ? FOR UPDATE")) {
            statement.setLong(1, id);
            statement.executeQuery().close();
        }
    }

    @Test
    void startsWhileTheDatabaseIsAway() {
        site.app.task("count").run(args -> runs.incrementAndGet());
        site.defer("count", 5);
        Worker worker = site.app.worker(site.options().build());
        site.database.goDown();

        worker.start();
        assertThat(worker.awaitEnd(Duration.ofSeconds(3))).isFalse();
        site.database.comeBack();

        Site.until(() -> site.count("succeeded") == 5, "every job succeeded");
        worker.close();
    }

    @Test
    void stopsWhileTheDatabaseIsAway() throws InterruptedException {
        site.app.task("block").run(args -> {
            entered.release();
            released.await();
        });
        Worker worker = site.start(site.options());
        long id = site.app.configureTask("block").defer(Map.of());
        assertThat(entered.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
        site.database.goDown();

        worker.stop();
        released.countDown();
        assertThat(worker.awaitEnd(Duration.ofSeconds(3))).isFalse();
        site.database.comeBack();

        assertThat(worker.awaitEnd(LONG)).isTrue();
        assertThat(site.status(id)).isEqualTo("succeeded");
        assertThat(site.number("SELECT count(*) FROM procrastinate_workers")).isZero();
    }
}

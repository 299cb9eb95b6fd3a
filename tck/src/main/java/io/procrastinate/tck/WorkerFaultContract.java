package io.procrastinate.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.procrastinate.App;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.SqlState;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Workers in the middle of many jobs lose touch with the database in various ways. */
@Needs(Capability.SQL)
abstract class WorkerFaultContract extends AppContract {

    private static final String OUTLIVES =
            "It survives outages of the database: each of its activities is tried again on its own.";
    private static final String ONCE = "Whatever breaks between it and the database, no job is lost, and none that"
            + " has ended runs again, unless the worker was declared dead meanwhile.";
    private static final String CLOSES =
            "Closes what the connector opened itself: its pool, its connections, its threads.";
    private static final Duration SOON = Duration.ofMillis(200);

    /** What a worker does with jobs; it takes none while the results of as many as it may run wait to be stored. */
    private static final Set<String> WITH_JOBS = Set.of("fetching jobs", "storing results");

    private final List<AutoCloseable> running = new ArrayList<>();
    private final List<Worker> workers = new ArrayList<>();
    private Load load;

    WorkerFaultContract(ConnectorTck tck) {
        super(tck, Calls.STAGES);
    }

    @BeforeEach
    void prepareLoad() {
        load = new Load(database());
    }

    /**
     * Settings with short waits for answers that never come, but enough time for a first connection on a busy machine.
     */
    private static ConnectorSettings impatient(ConnectorSettings settings) {
        return settings.toBuilder()
                .connectTimeout(Duration.ofSeconds(5))
                .statementTimeout(Duration.ofSeconds(2))
                .build();
    }

    /** Starts a worker with an app of its own, which is never considered dead. */
    private App start(ConnectorSettings settings) {
        return start(settings, null);
    }

    private App start(ConnectorSettings settings, @Nullable Duration gracefulTimeout) {
        App app = app(settings);
        load.tasks(app);
        Worker worker = app.worker(WorkerOptions.builder()
                .concurrency(4)
                .fetchPollingInterval(SOON)
                .abortPollingInterval(SOON)
                .heartbeatInterval(SOON)
                .stalledWorkerTimeout(Duration.ofMinutes(10))
                .shutdownGracefulTimeout(gracefulTimeout)
                .installShutdownHook(false)
                .build());
        running.add(0, keep(app));
        running.add(0, keep(worker));
        workers.add(worker);
        worker.start();
        return app;
    }

    /** Stops all of them before waiting for each: those of a broken connector take long to give up. */
    @AfterEach
    void stopWorkers() {
        workers.forEach(Worker::stop);
    }

    private App startTwo(ConnectorSettings settings) {
        start(settings);
        App second = start(settings);
        // A worker that loses the answer to its registration registers again, and the first row stays until it counts
        // as dead.
        Patience.prepare("the workers to be registered")
                .until(() -> database().number("SELECT count(*) FROM procrastinate_workers") == 2);
        return second;
    }

    private void close() throws Exception {
        for (AutoCloseable each : running) {
            each.close();
        }
        running.clear();
        workers.clear();
    }

    /** After the fault: every job ends once, and the workers leave nothing behind. */
    private void assertNothingIsLostRepeatedOrLeft() throws Exception {
        load.awaitEachEndedOnce();
        Patience.untilAsserted(
                "every worker to be well again",
                () -> assertThat(workers.stream().flatMap(worker -> worker.health().problems().stream()))
                        .as("problems of workers")
                        .isEmpty());
        close();
        assertThat(database().number("SELECT count(*) FROM procrastinate_workers"))
                .as("workers that are still registered")
                .isZero();
        awaitNoConnections();
        awaitNoThreads();
    }

    @Test
    @Promise(
            of = {Worker.class, SyncConnector.class},
            says = {OUTLIVES, ONCE, CLOSES},
            lookAt = "the faults contract: transient errors, and a pool that throws away what has broken")
    void backendsAreTerminatedAgainAndAgain() throws Exception {
        startTwo(impatient(settings()));
        load.insertAndAwaitRuns(50);
        for (int time = 0; time < 6; time++) {
            Patience.await("the workers to have connections")
                    .until(() -> database().terminate(TestDatabase.UNDER_TEST) > 0);
            load.insertAndAwaitRecovery(50);
        }
        assertNothingIsLostRepeatedOrLeft();
    }

    @Test
    @RestartsServer
    @Promise(
            of = {Worker.class, SyncConnector.class},
            says = {OUTLIVES, ONCE, CLOSES},
            lookAt = "the faults contract: what the connector does while no connection can be made")
    void theServerIsRestarted() throws Exception {
        startTwo(impatient(settings()));
        load.startLongJob();
        load.insertAndAwaitRuns(100);
        database().restartServer(load::endLongJob);
        load.insert(50);
        assertNothingIsLostRepeatedOrLeft();
    }

    @Test
    @Promise(
            of = {Worker.class, SyncConnector.class},
            says = {OUTLIVES, ONCE, CLOSES},
            lookAt = "the faults contract: half-open connections, on which every statement needs a deadline of the"
                    + " client")
    void connectionsAreHalfOpen() throws Exception {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        startTwo(impatient(proxy.through(settings())));
        load.startLongJob();
        load.insertAndAwaitRuns(50);
        proxy.freezeConnections();
        load.insert(50);
        load.endLongJob();
        load.awaitEachEndedOnce();
        proxy.endHalfOpenConnections();
        assertNothingIsLostRepeatedOrLeft();
    }

    @Test
    @Promise(
            of = {Worker.class, SyncConnector.class},
            says = {OUTLIVES, ONCE, CLOSES},
            lookAt = "a connection that is cut without a message from the server, and connections that are refused")
    void theNetworkIsCut() throws Exception {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        startTwo(impatient(proxy.through(settings())));
        load.startLongJob();
        load.insertAndAwaitRuns(50);
        proxy.refuse();
        load.insert(50);
        load.endLongJob();
        Patience.prepare("the workers to miss a heartbeat")
                .until(() -> workers.stream()
                        .allMatch(worker -> worker.health().problems().stream()
                                .anyMatch(problem -> problem.activity().equals("heartbeat"))));
        proxy.accept();
        assertNothingIsLostRepeatedOrLeft();
    }

    @Test
    @Promise(
            of = {Worker.class, SyncConnector.class},
            says = {OUTLIVES, ONCE, CLOSES},
            lookAt =
                    "statements that are sent again after their connection was lost: the server may have executed them")
    void answersAreLost() throws Exception {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        startTwo(impatient(proxy.through(settings())));
        load.insertAndAwaitRuns(30);
        loseTheAnswersThatHoldJobs(proxy);
        for (int time = 0; time < 5; time++) {
            proxy.loseAnswers(3);
            load.insert(40);
            Patience.await("answers to be lost").until(() -> proxy.answersToLose() == 0);
        }
        assertNothingIsLostRepeatedOrLeft();
    }

    /** The server gives jobs to workers, which do not learn of it. */
    private void loseTheAnswersThatHoldJobs(TcpProxy proxy) {
        database().runScript("""
            CREATE FUNCTION await_loss() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_advisory_xact_lock_shared(1);
                RETURN NEW;
            END $$;
            CREATE TRIGGER await_loss BEFORE UPDATE ON procrastinate_jobs FOR EACH ROW
                WHEN (OLD.status = 'todo' AND NEW.status = 'doing') EXECUTE PROCEDURE await_loss();
            """);
        database().run("SELECT pg_advisory_lock(1)");
        load.insert(8);
        Patience.prepare("workers to be given jobs").until(() -> {
            List<String> waiting = database()
                    .texts("SELECT client_port FROM pg_stat_activity WHERE datname = current_database()"
                            + " AND wait_event_type = 'Lock' AND wait_event = 'advisory'")
                    .stream()
                    .map(String::valueOf)
                    .toList();
            waiting.forEach(port -> proxy.loseAnswer(Integer.parseInt(port)));
            return !waiting.isEmpty();
        });
        database().run("SELECT pg_advisory_unlock(1)");
        load.awaitEachRan();
    }

    @Test
    @Promise(
            of = {Worker.class, SyncConnector.class},
            says = {OUTLIVES, ONCE, CLOSES},
            lookAt = "statements that the server has committed although they failed at their deadline, without the"
                    + " standby that it waits for")
    void theStandbyIsAway() throws Exception {
        database().runScript("""
            CREATE TABLE standby_awaited (by text);
            CREATE FUNCTION await_standby() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (SELECT FROM standby_awaited) THEN
                    PERFORM set_config('synchronous_commit', 'on', true);
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER await_standby BEFORE UPDATE ON procrastinate_jobs
                FOR EACH ROW EXECUTE PROCEDURE await_standby();
            """);
        startTwo(impatient(settings()));
        load.startLongJob();
        load.insertAndAwaitRuns(50);
        database().run("INSERT INTO standby_awaited VALUES ('all')");
        load.insert(50);
        load.endLongJob();
        Patience.prepare("the workers to learn that commits may not last")
                .until(() -> workers.stream()
                        .allMatch(worker -> worker.health().problems().stream()
                                .anyMatch(problem -> problem.cause() instanceof ConnectorException)));
        database().run("DELETE FROM standby_awaited");
        assertNothingIsLostRepeatedOrLeft();
    }

    @Test
    @Promise(
            of = {Worker.class, SyncConnector.class},
            says = {OUTLIVES, ONCE, CLOSES},
            lookAt = "the wait for a free connection: it ends, and its end is a transient error")
    void thePoolIsExhausted() throws Exception {
        App app = startTwo(
                impatient(settings()).toBuilder().poolSize(2 + takenByAWorker()).build());
        load.insertAndAwaitRuns(50);
        AsyncConnector connector = (AsyncConnector) app.connector();
        AtomicBoolean holding = new AtomicBoolean(true);
        List<Thread> holders = List.of(hold(connector, holding), hold(connector, holding));
        // An application's pool may be larger, or have lent a connection to the listener.
        Patience.prepare("both connections to be held, or none to be free")
                .until(() -> held("count(*)") == 2 || isFull(connector));
        load.insert(50);
        assertThat(isFull(connector) || held("count(*)") == 2)
                .as("whether there is nothing free, or more than two connections")
                .isTrue();
        holding.set(false);
        Patience.prepare("the connections to be given back").until(() -> {
            held("count(pg_cancel_backend(pid))");
            return holders.stream().noneMatch(Thread::isAlive);
        });
        assertNothingIsLostRepeatedOrLeft();
    }

    private static boolean isFull(AsyncConnector connector) {
        Throwable full = catchThrowable(() -> Stages.join(connector.execute(Sql.sql("SELECT 1"))));
        if (full == null) {
            return false;
        }
        assertThat(full).isInstanceOf(ConnectorException.class);
        assertThat(((ConnectorException) full).isTransient())
                .as("transient: " + full)
                .isTrue();
        return true;
    }

    /** Keeps a connection busy, trying until one is free. */
    private static Thread hold(AsyncConnector connector, AtomicBoolean holding) {
        BoundQuery query = Sql.of("SELECT pg_sleep(300) /* held */")
                .deadline(Duration.ofMinutes(5))
                .bound();
        Thread thread = new Thread(
                () -> {
                    Throwable end = null;
                    while (holding.get() && (end == null || end instanceof ConnectorException)) {
                        end = catchThrowable(() -> Stages.join(connector.execute(query)));
                    }
                },
                "tck-holder");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private long held(String what) {
        return database()
                .number("SELECT " + what + " FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
                        + " AND datname = current_database() AND query LIKE '%/* held */%'");
    }

    @Test
    @Promise(
            of = {Worker.class, SyncConnector.class},
            says = {OUTLIVES, ONCE, CLOSES},
            lookAt = "SQLSTATE 25006, and settings that a pool remembers from the time when the server was read-only")
    void theServerIsReadOnlyForAWhile() throws Exception {
        App app = startTwo(impatient(settings()));
        load.insertAndAwaitRuns(50);
        String database = database().name();
        database().run("ALTER DATABASE " + database + " SET default_transaction_read_only = on");
        database().terminate(TestDatabase.UNDER_TEST);
        load.insert(50);
        Patience.await("the server to refuse to write")
                .until(() -> isReadOnly(catchThrowable(() -> app.jobManager().defer(job("note")))));
        Patience.prepare("the workers to find that the server is read-only")
                .until(() -> workers.stream()
                        .allMatch(worker -> worker.health().problems().stream()
                                .anyMatch(problem ->
                                        WITH_JOBS.contains(problem.activity()) && isReadOnly(problem.cause()))));
        database().run("ALTER DATABASE " + database + " RESET default_transaction_read_only");
        database().terminate(TestDatabase.UNDER_TEST);
        assertNothingIsLostRepeatedOrLeft();
    }

    private static boolean isReadOnly(@Nullable Throwable failure) {
        return failure instanceof ConnectorException refusal && SqlState.READ_ONLY.equals(refusal.sqlState());
    }

    private static final String REFUSED =
            "A result that the database refuses is tried again, unchanged, until it is stored.";
    private static final String PLAIN = "plain";
    private static final String LOOK_AT_REFUSALS =
            "the SQLSTATE of a refused statement, and whether it is reported at all: workers rely on it";

    /** Settings of a user that may work with the queue, and whose rights can be revoked. */
    private ConnectorSettings ofPlainRole() {
        ConnectorSettings settings = impatient(ofRole(PLAIN));
        database().run("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + role(PLAIN));
        database().run("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO " + role(PLAIN));
        return settings;
    }

    private void takeRightAway() {
        database().run("REVOKE UPDATE ON procrastinate_jobs FROM " + role(PLAIN));
    }

    private void giveRightBack() {
        database().run("GRANT UPDATE ON procrastinate_jobs TO " + role(PLAIN));
    }

    private void raise() {
        database()
                .runScript("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                        + " 'BEGIN RAISE EXCEPTION ''refused for a while''; END';"
                        + " CREATE TRIGGER refuse BEFORE UPDATE ON procrastinate_jobs FOR EACH ROW"
                        + " EXECUTE FUNCTION refuse()");
    }

    private void raiseNoMore() {
        database().run("DROP TRIGGER refuse ON procrastinate_jobs");
    }

    /** Workers run jobs that are to be retried, which fail while the database refuses to store that. */
    private void refuseWhileJobsEnd(ConnectorSettings settings, Runnable refuse, Runnable takeAgain) throws Exception {
        startTwo(settings);
        load.startHeldJobs(8);
        refuse.run();
        load.insert(20);
        load.endHeldJobs();
        awaitRefusedResults();
        takeAgain.run();
        assertNothingIsLostRepeatedOrLeft();
    }

    /** Workers are stopped in the middle of jobs, which are given back while the database refuses that. */
    private void refuseWhileWorkersStop(ConnectorSettings settings, Runnable refuse, Runnable takeAgain)
            throws Exception {
        start(settings, Duration.ZERO);
        start(settings, Duration.ZERO);
        load.startHeldJobs(8);
        refuse.run();
        workers.forEach(Worker::stop);
        awaitRefusedResults();
        takeAgain.run();
        for (Worker worker : workers) {
            assertThat(worker.awaitEnd(Patience.bound()))
                    .as("whether the worker has ended")
                    .isTrue();
        }
        assertThat(database()
                        .texts("SELECT status || ' ' || attempts FROM procrastinate_jobs WHERE task_name = 'held'"))
                .as("jobs that were given back: their runs do not count")
                .containsOnly("todo 0");
        start(settings);
        assertNothingIsLostRepeatedOrLeft();
    }

    private void awaitRefusedResults() {
        Patience.prepare("the workers to find that no result is stored")
                .until(() -> workers.stream()
                        .allMatch(worker -> worker.health().problems().stream()
                                .anyMatch(problem -> problem.activity().equals("storing results"))));
    }

    @Test
    @Promise(of = Worker.class, says = REFUSED, lookAt = LOOK_AT_REFUSALS)
    void aRightIsTakenAwayWhileJobsEnd() throws Exception {
        refuseWhileJobsEnd(ofPlainRole(), this::takeRightAway, this::giveRightBack);
    }

    @Test
    @Promise(of = Worker.class, says = REFUSED, lookAt = LOOK_AT_REFUSALS)
    void aTriggerRaisesWhileJobsEnd() throws Exception {
        refuseWhileJobsEnd(impatient(settings()), this::raise, this::raiseNoMore);
    }

    @Test
    @Promise(of = Worker.class, says = REFUSED, lookAt = LOOK_AT_REFUSALS)
    void aRightIsTakenAwayWhileWorkersStop() throws Exception {
        refuseWhileWorkersStop(ofPlainRole(), this::takeRightAway, this::giveRightBack);
    }

    @Test
    @Promise(of = Worker.class, says = REFUSED, lookAt = LOOK_AT_REFUSALS)
    void aTriggerRaisesWhileWorkersStop() throws Exception {
        refuseWhileWorkersStop(impatient(settings()), this::raise, this::raiseNoMore);
    }
}

package io.procrastinate.tck;

import static io.procrastinate.connector.ParameterType.TEXT;
import static io.procrastinate.tck.Sql.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SharedPool;
import io.procrastinate.connector.Subscription;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A reserved connection: nothing else uses it, whatever happens to the pool. */
@Needs(Capability.SQL)
abstract class ReservationContract extends Contract {

    private static final String PURPOSE =
            "A connection for one purpose, which nothing else uses: its statements wait for each other, never for"
                    + " other users of the pool.";
    private static final String ANOTHER = "A lost connection is thrown away, and the next statement takes another one.";
    private static final BoundQuery PID = sql("SELECT pg_backend_pid() AS pid");

    ReservationContract(ConnectorTck tck, Calls calls) {
        super(tck, calls);
    }

    private ReservedConnection reserve(Subject subject) {
        return keep(subject.called().reserve());
    }

    private static List<Row> execute(ReservedConnection reserved, BoundQuery query) {
        CompletionStage<List<Row>> stage;
        try {
            stage = reserved.execute(query);
        } catch (RuntimeException e) {
            throw new AssertionError(
                    "ReservedConnection.execute threw instead of failing its stage with the exception", e);
        }
        return Stages.join(stage, Patience.bound());
    }

    private static int pid(ReservedConnection reserved) {
        return execute(reserved, PID).get(0).integer("pid");
    }

    private long sessions(int pid) {
        return database().number("SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid);
    }

    private static void awaitSuccess(ReservedConnection reserved, BoundQuery query) {
        Patience.untilAsserted("a statement to succeed again", () -> {
            Throwable failure = catchThrowable(() -> execute(reserved, query));
            if (failure != null) {
                assertTransient(failure);
                throw new AssertionError("The last attempt failed with " + failure, failure);
            }
        });
    }

    private static void assertTransient(Throwable failure) {
        assertThat(failure).as("what the statement failed with").isInstanceOf(ConnectorException.class);
        assertThat(((ConnectorException) failure).isTransient())
                .as("transient: " + failure)
                .isTrue();
    }

    /** Keeps connections of the pool busy until the end of the test. */
    private void hold(Subject subject, int many) {
        BoundQuery query = Sql.of("SELECT pg_sleep(300) /* held */")
                .deadline(Duration.ofMinutes(5))
                .bound();
        List<Thread> holders = new ArrayList<>();
        for (int holder = 0; holder < many; holder++) {
            // It ends when the statement is cancelled, or when the pool has no connection for it.
            Thread thread = new Thread(
                    () -> assertThat(catchThrowable(() -> subject.execute(query)))
                            .isNotNull(),
                    "tck-holder");
            thread.setDaemon(true);
            thread.start();
            holders.add(thread);
        }
        keep(() -> Patience.prepare("the connections to be given back").until(() -> {
            held("count(pg_cancel_backend(pid))");
            return holders.stream().noneMatch(Thread::isAlive);
        }));
        Patience.prepare("the pool's connections to be held").until(() -> held("count(*)") == many);
    }

    private long held(String what) {
        return database()
                .number("SELECT " + what + " FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
                        + " AND datname = current_database() AND query LIKE '%/* held */%'");
    }

    @Test
    @Promise(
            of = Connector.class,
            says = {
                "Reserves a connection for one purpose, whose statements never wait for other users of the pool.",
                "Sends nothing, and may be called before the connector is opened."
            },
            lookAt = "reserve: the first statement is what takes the connection")
    void sendsNothingBeforeTheFirstStatement() {
        Subject subject = closed();
        ReservedConnection early = reserve(subject);
        assertThat(database().connections(TestDatabase.UNDER_TEST))
                .as("connections at the server")
                .isZero();
        subject.open(poolFor(settings()));
        long before = database().connections(TestDatabase.UNDER_TEST);
        reserve(subject);
        assertThat(database().connections(TestDatabase.UNDER_TEST))
                .as("connections at the server")
                .isLessThanOrEqualTo(before);
        assertThat(pid(early)).isPositive();
    }

    @Test
    @Promise(
            of = ReservedConnection.class,
            says = {
                PURPOSE,
                "The first statement takes the connection: if the connector has a pool of its own, one besides that"
                        + " pool; else one of the application's pool, which is kept until this is closed."
            },
            lookAt = "statements of a reserved connection that go through the pool")
    void worksWhileThePoolIsExhausted() {
        boolean own = capabilities().contains(Capability.OWN_POOL);
        Subject subject = opened(settings().toBuilder().poolSize(3).build());
        ReservedConnection reserved = reserve(subject);
        int pid = pid(reserved);
        hold(subject, own ? 3 : 2);
        for (int time = 0; time < 10; time++) {
            assertThat(pid(reserved)).isEqualTo(pid);
        }
    }

    @Test
    @Needs(Capability.CALLER_POOL)
    @Promise(
            of = ReservedConnection.class,
            says = {
                PURPOSE,
                "The first statement takes the connection: if the connector has a pool of its own, one besides that"
                        + " pool; else one of the application's pool, which is kept until this is closed."
            },
            lookAt = "a connection of the application's pool that is given back after each statement")
    void keepsAConnectionOfTheApplicationsPool() {
        ConnectorSettings three = settings().toBuilder().poolSize(3).build();
        Subject subject = closed(three);
        subject.open(applicationPool(three));
        ReservedConnection reserved = reserve(subject);
        int pid = pid(reserved);
        hold(subject, 2);
        for (int time = 0; time < 10; time++) {
            assertThat(pid(reserved)).isEqualTo(pid);
        }
    }

    @Test
    @Promise(
            of = {ReservedConnection.class, Connector.class},
            says = {
                "Executes a query and commits it, as AsyncConnector.execute(BoundQuery).",
                "Statements are executed one after the other, in the order of the calls, each within its own"
                        + " deadline, which starts no later than its turn."
            },
            lookAt = "stages of statements that were not waited for, and threads that overtake each other")
    void executesStatementsInTheOrderOfTheCalls() {
        database().run("CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, v text, pid integer)");
        ReservedConnection reserved = reserve(opened());
        List<CompletionStage<List<Row>>> stages = new ArrayList<>();
        for (int number = 0; number < 100; number++) {
            stages.add(reserved.execute(Sql.of("INSERT INTO t (v, pid) VALUES (:v, pg_backend_pid())")
                    .set("v", TEXT, Integer.toString(number))
                    .bound()));
        }
        stages.forEach(stage -> Stages.join(stage, Patience.bound()));
        assertThat(database().texts("SELECT v FROM t ORDER BY id"))
                .containsExactlyElementsOf(
                        IntStream.range(0, 100).mapToObj(Integer::toString).toList());
        assertThat(database().number("SELECT count(DISTINCT pid) FROM t"))
                .as("connections that were used")
                .isOne();
    }

    @Test
    @Promise(
            of = ReservedConnection.class,
            says = "Over a SyncConnector the calling thread executes them, and the stage is complete when this"
                    + " method returns.",
            lookAt = "a synchronous connector's reserved connection: there is no thread to hand the statement to")
    void isDoneWhenABlockingCallReturns() {
        ReservedConnection reserved = reserve(opened());
        CompletableFuture<List<Row>> stage = reserved.execute(PID).toCompletableFuture();
        if (calls == Calls.BLOCKING) {
            assertThat(stage).isDone();
        }
        assertThat(Stages.join(stage, Patience.bound())).hasSize(1);
    }

    @Test
    @Promise(
            of = ReservedConnection.class,
            says = "Never throws: failures complete the stage.",
            lookAt = "exceptions that execute throws, and wrappers around that of the stage")
    void failsByItsStage() throws Exception {
        Subject subject = closed();
        ReservedConnection reserved = reserve(subject);
        assertThat(catchThrowable(() -> execute(reserved, PID))).isInstanceOf(AppNotOpenException.class);
        subject.open(poolFor(settings()));
        Throwable seen = reserved.execute(sql("SELECT * FROM nowhere"))
                .<Throwable>handle((rows, failure) -> failure)
                .toCompletableFuture()
                .get(Patience.bound().toSeconds(), TimeUnit.SECONDS);
        assertThat(seen)
                .isInstanceOfSatisfying(
                        ConnectorException.class,
                        failure -> assertThat(failure.sqlState()).isEqualTo("42P01"));
        assertThat(pid(reserved)).isPositive();
    }

    @Test
    @Promise(
            of = ReservedConnection.class,
            says = ANOTHER,
            lookAt = "a reserved connection that was lost: the next statement must not get it again")
    void takesAnotherConnectionAfterALoss() {
        ReservedConnection reserved = reserve(opened());
        for (int time = 0; time < 3; time++) {
            int pid = pid(reserved);
            assertThat(database().number("SELECT count(pg_terminate_backend(" + pid + "))"))
                    .isOne();
            awaitSuccess(reserved, PID);
            assertThat(pid(reserved)).isNotEqualTo(pid);
        }
    }

    @Test
    @Promise(
            of = ReservedConnection.class,
            says = {
                ANOTHER,
                "Statements are executed one after the other, in the order of the calls, each within its own"
                        + " deadline, which starts no later than its turn."
            },
            lookAt = "a deadline that the client keeps too, for a server that has vanished cannot stop the statement")
    void givesAHalfOpenConnectionUp() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        ReservedConnection reserved = reserve(opened(proxy.through(settings()).toBuilder()
                .connectTimeout(Duration.ofSeconds(2))
                .build()));
        assertThat(pid(reserved)).isPositive();
        proxy.freezeConnections();
        awaitSuccess(
                reserved, Sql.of("SELECT 1").deadline(Duration.ofSeconds(1)).bound());
    }

    @Test
    @ResourceLock(value = PromptCancel.SHARED, mode = ResourceAccessMode.READ)
    @Promise(
            of = ReservedConnection.class,
            says = "Statements are executed one after the other, in the order of the calls, each within its own"
                    + " deadline, which starts no later than its turn.",
            lookAt = "the deadline of the query, on the reserved connection too")
    void stopsAStatementWhoseDeadlineHasPassed() {
        ReservedConnection reserved = reserve(opened());
        assertTransient(catchThrowable(() -> execute(
                reserved,
                Sql.of("SELECT pg_sleep(300)").deadline(Duration.ofSeconds(1)).bound())));
        awaitSuccess(reserved, PID);
    }

    @Test
    @Promise(
            of = ReservedConnection.class,
            says = "A statement that the server may have executed is not sent again.",
            lookAt = "taking another connection after a loss: for the next statement, not for this one")
    void sendsNothingTwice() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        ReservedConnection reserved = reserve(opened(proxy.through(settings())));
        database().run("CREATE TABLE t (v text)");
        for (String value : List.of("once-1", "once-2", "once-3")) {
            awaitSuccess(reserved, PID);
            proxy.loseAnswers(value, 1);
            assertTransient(catchThrowable(() -> execute(
                    reserved,
                    Sql.of("INSERT INTO t VALUES (:v)").set("v", TEXT, value).bound())));
        }
        assertThat(database().texts("SELECT v FROM t GROUP BY v HAVING count(*) > 1"))
                .as("rows that were inserted twice")
                .isEmpty();
    }

    @Test
    @Promise(
            of = {ReservedConnection.class, Connector.class},
            says = {
                "Ends the connection, or returns it to the application's pool, immediately or when the running"
                        + " statement has ended; later ones fail with a ConnectorException.",
                "Closing twice does nothing; it neither throws nor waits for the server.",
                "The caller closes it; closing the connector ends its connection too."
            },
            lookAt = "close of the reserved connection: a connection that is kept for ever")
    void endsWhenItIsClosed() {
        Subject subject = opened(settings().toBuilder().poolSize(2).build());
        ReservedConnection reserved = reserve(subject);
        int pid = pid(reserved);
        reserved.close();
        reserved.close();
        assertThat(catchThrowable(() -> execute(reserved, PID))).isInstanceOf(ConnectorException.class);
        hold(subject, 2);
        if (capabilities().contains(Capability.OWN_POOL)) {
            Patience.untilAsserted(
                    "the reserved connection to end",
                    () -> assertThat(sessions(pid)).as("sessions of it").isZero());
        }
    }

    @Test
    @Needs(Capability.CALLER_POOL)
    @Promise(
            of = ReservedConnection.class,
            says = "Ends the connection, or returns it to the application's pool, immediately or when the running"
                    + " statement has ended; later ones fail with a ConnectorException.",
            lookAt = "close of the reserved connection: the application's pool has one fewer for ever")
    void givesTheConnectionBackToTheApplicationsPool() {
        ConnectorSettings two = settings().toBuilder().poolSize(2).build();
        Subject subject = closed(two);
        subject.open(applicationPool(two));
        for (int time = 0; time < 3; time++) {
            ReservedConnection reserved = reserve(subject);
            assertThat(pid(reserved)).isPositive();
            reserved.close();
        }
        hold(subject, 2);
    }

    @Test
    @Needs(Capability.CALLER_POOL)
    @Promise(
            of = ReservedConnection.class,
            says = "Ends the connection, or returns it to the application's pool, immediately or when the running"
                    + " statement has ended; later ones fail with a ConnectorException.",
            lookAt =
                    "close of the reserved connection while statements wait for their turn: the one that comes next finds"
                            + " it closed, and must not leave the connection behind")
    void givesTheConnectionBackThoughStatementsWaitForIt() {
        ConnectorSettings two = settings().toBuilder().poolSize(2).build();
        Subject subject = closed(two);
        subject.open(applicationPool(two));
        for (int time = 0; time < 5; time++) {
            ReservedConnection reserved = reserve(subject);
            List<Thread> callers = new ArrayList<>(List.of(caller(
                    reserved,
                    Sql.of("SELECT pg_sleep(300) /* held */")
                            .deadline(Duration.ofMinutes(5))
                            .bound())));
            Patience.await("a statement to run on a connection that the pool has got back")
                    .until(() -> held("count(*)") == 1);
            for (int waiting = 0; waiting < 4; waiting++) {
                callers.add(caller(reserved, PID));
            }
            Patience.prepare("the others to wait for their turn")
                    .until(() -> callers.stream()
                            .skip(1)
                            .allMatch(caller -> caller.getState() == Thread.State.WAITING
                                    || caller.getState() == Thread.State.TIMED_WAITING));
            reserved.close();
            held("count(pg_cancel_backend(pid))");
            Patience.prepare("the statements to end")
                    .until(() -> callers.stream().noneMatch(Thread::isAlive));
        }
        hold(subject, 2);
    }

    /** A thread that executes a statement and waits for its end, however that is. */
    private static Thread caller(ReservedConnection reserved, BoundQuery query) {
        Thread thread = new Thread(new FutureTask<>(() -> execute(reserved, query)), "tck-caller");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    @Test
    @Promise(
            of = ReservedConnection.class,
            says = {
                "After the connector has been closed, statements fail with AppNotOpenException; after it has been"
                        + " opened again, the next statement takes a connection as the first one did.",
                "Closing twice does nothing; it neither throws nor waits for the server."
            },
            lookAt =
                    "close of the connector: it ends the connections that are reserved, and gives the application's back")
    void endsWithItsConnector() throws Exception {
        Subject subject = opened();
        ReservedConnection reserved = reserve(subject);
        assertThat(pid(reserved)).isPositive();
        subject.close();
        awaitNoConnections();
        assertThat(catchThrowable(() -> execute(reserved, PID))).isInstanceOf(AppNotOpenException.class);
        subject.open(poolFor(settings()));
        assertThat(pid(reserved)).isPositive();
        reserved.close();
        subject.close();
        awaitNoConnections();
    }

    @Test
    @Needs(Capability.CALLER_POOL)
    @Promise(
            of = ReservedConnection.class,
            says = "If the application's pool could not spare another connection besides it, the statement fails"
                    + " with a ConnectorException that says so, with the words \"pool\" and \"needed\", and the"
                    + " connection is returned.",
            lookAt = "a pool of one connection: keeping it leaves none for other statements")
    void refusesAPoolOfOneConnection() {
        ConnectorSettings single = settings().toBuilder()
                .poolSize(1)
                .connectTimeout(Duration.ofSeconds(1))
                .build();
        Subject subject = closed(single);
        subject.open(applicationPool(single));
        ReservedConnection reserved = reserve(subject);
        Throwable refusal = catchThrowable(() -> execute(reserved, PID));
        assertThat(refusal).as("the refusal").isInstanceOf(ConnectorException.class);
        assertThat(refusal).hasMessageContaining("pool").hasMessageContaining("needed");
        assertThat(subject.execute(PID)).as("the pool's only connection").hasSize(1);
    }

    @Test
    @Promise(
            of = {Connector.class, SharedPool.class},
            says = {
                "The application's pool with which the connector is open, as far as the connector knows it.",
                "Empty if the connector is closed or has a pool of its own.",
                "Empty by default: then nothing warns of a pool that is too small."
            },
            lookAt = "sharedPool(): it is only about the application's pool")
    void tellsOfTheApplicationsPoolAlone() {
        Subject subject = closed();
        assertThat(subject.called().sharedPool()).as("while it is closed").isEmpty();
        Object pool = poolFor(settings());
        subject.open(pool);
        assertThat(subject.called().sharedPool()).satisfies(shared -> {
            if (pool == null) {
                assertThat(shared).as("with a pool of its own").isEmpty();
            } else if (shared.isPresent() && shared.get().listens()) {
                assertThat(capabilities()).contains(Capability.LISTEN);
            }
        });
        subject.close();
        assertThat(subject.called().sharedPool()).as("after it was closed").isEmpty();
    }

    @Test
    @Needs({Capability.CALLER_POOL, Capability.LISTEN})
    @Promise(
            of = SharedPool.class,
            says = "Listening keeps one of its connections, unless the settings have a URL for listening.",
            lookAt =
                    "the connection that listens: with the application's pool, the settings need not lead to the database")
    void listensOnAConnectionOfTheApplicationsPool() {
        ConnectorSettings nowhere =
                settings().toBuilder().port(TcpProxy.deadPort()).build();
        Subject subject = closed(nowhere);
        subject.open(applicationPool(settings()));
        for (int time = 1; time <= 2; time++) {
            if (subject.called() instanceof AsyncConnector connector) {
                RecordingListener listener = new RecordingListener();
                Subscription subscription = keep(connector.listen(List.of("channel"), listener));
                listener.awaitListening(1);
                notifyChannel();
                listener.awaitPayload("hello");
                subscription.close();
            } else {
                ListenSession session = keep(((SyncConnector) subject.called()).listen(List.of("channel")));
                notifyChannel();
                assertThat(session.await(Patience.bound())).hasSize(1);
                session.close();
            }
        }
        Patience.untilAsserted(
                "the connections that listened to be given back, or to end",
                () -> assertThat(database()
                                .number("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
                                        + " AND datname = current_database()"))
                        .isZero());
    }

    private void notifyChannel() {
        database().run("SELECT pg_notify('channel', 'hello')");
    }
}

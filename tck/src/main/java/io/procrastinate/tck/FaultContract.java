package io.procrastinate.tck;

import static io.procrastinate.connector.ParameterType.BIGINT;
import static io.procrastinate.connector.ParameterType.TEXT;
import static io.procrastinate.tck.Sql.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.SqlState;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A broken connection to the server is a transient error, and passes. */
@Needs(Capability.SQL)
abstract class FaultContract extends Contract {

    private static final String PASSES =
            "Whether the same statement may succeed if it is tried again later: the connection was lost, the server"
                    + " is starting or stopping, the pool or the server is full, a deadlock was broken, the deadline"
                    + " passed, or the server is read-only for now, as after a failover.";
    private static final String READ_ONLY = "A connection whose server turns out to be read-only is not used again:"
            + " its session may stay read-only after the server has changed.";

    FaultContract(ConnectorTck tck, Calls calls) {
        super(tck, calls);
    }

    /** Tries until the statement succeeds; failures until then must be transient. */
    private static void awaitSuccess(Subject subject, BoundQuery query) {
        Patience.untilAsserted("a statement to succeed again", () -> {
            try {
                assertThat(subject.execute(query)).isNotNull();
            } catch (ConnectorException e) {
                if (!e.isTransient()) {
                    throw new IllegalStateException("A fault that passes was reported as one that does not: " + e, e);
                }
                throw new AssertionError("The last attempt failed with " + e, e);
            }
        });
    }

    private static void assertTransient(Throwable failure) {
        assertThat(failure).as("what the statement failed with").isInstanceOf(ConnectorException.class);
        assertThat(((ConnectorException) failure).isTransient())
                .as("transient: " + failure)
                .isTrue();
    }

    private static ConnectorException failureOf(Subject subject, String statement) {
        Throwable failure = catchThrowable(() -> subject.execute(sql(statement)));
        assertThat(failure).as("what the statement failed with").isInstanceOf(ConnectorException.class);
        return (ConnectorException) failure;
    }

    /** Starts a statement that only a fault ends, and waits until the server executes it. */
    private CompletableFuture<Throwable> stuck(Subject subject) {
        CompletableFuture<Throwable> outcome = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> outcome.complete(catchThrowable(() -> subject.execute(sql("SELECT pg_sleep(300) /* stuck */")))),
                "tck-stuck");
        thread.setDaemon(true);
        thread.start();
        Patience.await("the statement to be executed")
                .until(() -> database()
                                .number("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE"
                                        + " '%/* stuck */%' AND pid <> pg_backend_pid() AND datname ="
                                        + " current_database()")
                        == 1);
        return outcome;
    }

    private static Throwable end(CompletableFuture<Throwable> outcome) throws Exception {
        return outcome.get(Patience.bound().toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    @Promise(
            of = ConnectorException.class,
            says = PASSES,
            lookAt = "the pool: a connection that broke while it was idle must be thrown away, not handed out for ever")
    void survivesIdleConnectionsBeingTerminated() {
        Subject subject = opened(settings().toBuilder().poolSize(3).build());
        assertThat(subject.execute(sql("SELECT 1"))).hasSize(1);
        for (int time = 0; time < 3; time++) {
            long terminated = database().terminate(TestDatabase.UNDER_TEST);
            if (capabilities().contains(Capability.OWN_POOL)) {
                // An application's pool may keep no idle connection.
                assertThat(terminated).isPositive();
            }
            awaitSuccess(subject, sql("SELECT 1"));
        }
        assertThat(subject.isOpen()).isTrue();
    }

    @Test
    @Promise(
            of = ConnectorException.class,
            says = PASSES,
            lookAt = "the loss of a connection inside a statement: some drivers report it without an SQLSTATE")
    void survivesAConnectionTerminatedInAStatement() throws Exception {
        Subject subject = opened(settings().toBuilder().poolSize(1).build());
        CompletableFuture<Throwable> outcome = stuck(subject);
        assertThat(database().terminateRunning("/* stuck */")).isPositive();
        assertTransient(end(outcome));
        awaitSuccess(subject, sql("SELECT 1"));
    }

    @Test
    @Needs(Capability.CALLER_CONNECTION)
    @Promise(
            of = {ConnectorException.class, SyncConnector.class},
            says = PASSES,
            lookAt = "the loss of the caller's connection: it is an error like any other, and does not concern the"
                    + " pool")
    void reportsTheLossOfTheCallersConnection() {
        Subject subject = opened();
        CallerConnection caller = callerConnection();
        caller.run("CREATE TEMPORARY TABLE t (id bigint)");
        assertThat(database().terminate("application")).isPositive();
        assertTransient(catchThrowable(() -> subject.execute(sql("SELECT 1"), caller.connection())));
        assertThat(subject.execute(sql("SELECT 1"))).hasSize(1);
    }

    @Test
    @RestartsServer
    @Promise(
            of = ConnectorException.class,
            says = PASSES,
            lookAt = "what the connector does while no connection can be made, and how it comes back")
    void survivesARestartOfTheServer() throws Exception {
        Subject subject = opened(settings().toBuilder()
                .poolSize(2)
                .connectTimeout(Duration.ofSeconds(5))
                .build());
        assertThat(subject.execute(sql("CREATE TABLE t (id bigint)"))).isEmpty();
        CompletableFuture<Throwable> outcome = stuck(subject);
        database().restartServer(() -> {
            ConnectorException failure = failureOf(subject, "INSERT INTO t VALUES (1)");
            // A server that the kit may not stop refuses the database instead, which no real restart does.
            if (!"55000".equals(failure.sqlState())) {
                assertTransient(failure);
            }
        });
        assertTransient(end(outcome));
        awaitSuccess(subject, sql("INSERT INTO t VALUES (2)"));
        assertThat(database().texts("SELECT id FROM t")).contains("2").doesNotContain("1");
        assertThat(subject.isOpen()).isTrue();
    }

    @Test
    @ResourceLock(PromptCancel.SHARED)
    @Promise(
            of = {ConnectorException.class, AsyncConnector.class},
            says = {PASSES, "Every stage completes, at the latest when the query's deadline has passed."},
            lookAt = "a deadline on the client's side too: a server that has vanished cannot stop the statement; and"
                    + " a connection that did not answer in time, which must not be lent again")
    void survivesHalfOpenConnections() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        Subject subject = opened(proxy.through(settings()).toBuilder()
                .poolSize(1)
                .connectTimeout(Duration.ofSeconds(5))
                .build());
        assertThat(subject.execute(sql("SELECT 1"))).hasSize(1);
        proxy.freezeConnections();
        BoundQuery query = Sql.of("SELECT 1").deadline(Duration.ofSeconds(1)).bound();
        awaitSuccess(subject, query);
        proxy.freezeEverything();
        assertTransient(catchThrowable(() -> subject.execute(query)));
        proxy.thaw();
        awaitSuccess(subject, query);
    }

    @Test
    @Promise(
            of = ConnectorException.class,
            says = PASSES,
            lookAt = "a connection that is cut without a message from the server, and connections that are refused")
    void survivesTheNetworkBeingCut() throws Exception {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        Subject subject = opened(proxy.through(settings()).toBuilder()
                .poolSize(1)
                .connectTimeout(Duration.ofSeconds(5))
                .build());
        CompletableFuture<Throwable> outcome = stuck(subject);
        proxy.refuse();
        assertTransient(end(outcome));
        assertTransient(catchThrowable(() -> subject.execute(sql("SELECT 1"))));
        proxy.accept();
        awaitSuccess(subject, sql("SELECT 1"));
    }

    @Test
    @Promise(
            of = ConnectorException.class,
            says = PASSES,
            lookAt =
                    "an attempt to connect whose connection is closed at once, as by a proxy whose server is gone: it has"
                            + " failed, and the next one need not wait for its time-out")
    void triesAgainWhereConnectionsAreClosedAtOnce() throws Exception {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        // No attempt here may last until its time-out.
        Subject subject = opened(proxy.through(settings()).toBuilder()
                .poolSize(1)
                .connectTimeout(Patience.bound().multipliedBy(10))
                .build());
        assertThat(subject.execute(sql("SELECT 1"))).hasSize(1);
        proxy.dropNewConnections();
        proxy.cut();
        CompletableFuture<Boolean> succeeded = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    while (catchThrowable(() -> subject.execute(sql("SELECT 1"))) != null
                            && !Thread.currentThread().isInterrupted()) {
                        Thread.onSpinWait();
                    }
                    succeeded.complete(true);
                },
                "tck-again");
        thread.setDaemon(true);
        thread.start();
        try {
            Patience.await("several attempts to connect to fail").until(() -> proxy.droppedConnections() >= 4);
            proxy.dropNoMore();
            assertThat(succeeded.get(Patience.bound().toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
        } finally {
            thread.interrupt();
        }
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = "A statement that the server may have executed is never sent a second time.",
            lookAt = "retries inside the connector or its pool: only what was certainly not executed may be sent again")
    void sendsNothingTwice() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        Subject subject =
                opened(proxy.through(settings()).toBuilder().poolSize(1).build());
        database().run("CREATE TABLE t (v text)");
        for (String value : List.of("once-1", "once-2", "once-3", "once-4", "once-5")) {
            awaitSuccess(subject, sql("SELECT 1"));
            // Recognised by its value, which no other request contains: some drivers send the SQL beforehand.
            proxy.loseAnswers(value, 1);
            assertTransient(catchThrowable(() -> subject.execute(
                    Sql.of("INSERT INTO t VALUES (:v)").set("v", TEXT, value).bound())));
            assertThat(proxy.answersToLose())
                    .as("answers that were not waited for")
                    .isZero();
        }
        assertThat(database().texts("SELECT v FROM t GROUP BY v HAVING count(*) > 1"))
                .as("rows that were inserted twice")
                .isEmpty();
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says =
                    "Runs a script of several statements, without parameters, in one transaction: either all of it is done or"
                            + " nothing.",
            lookAt = "retries inside the connector or its pool: a script whose answer was lost may have been done")
    void sendsNoScriptTwice() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        // Some drivers notice a script without an answer only at the deadline.
        Subject subject = opened(proxy.through(settings()).toBuilder()
                .poolSize(1)
                .statementTimeout(Duration.ofSeconds(3))
                .build());
        database().run("CREATE TABLE t (v text)");
        // Scripts are sent whole, or followed by a separate commit.
        for (int next = 1; next <= 4; next++) {
            int number = next;
            awaitSuccess(subject, sql("SELECT 1"));
            proxy.loseAnswers(number % 2 == 0 ? "COMMIT" : "script-" + number, 1);
            Throwable failure = catchThrowable(() -> subject.runScript(script(number)));
            boolean lost = proxy.answersToLose() == 0;
            proxy.loseAnswers(0);
            if (lost) {
                assertTransient(failure);
            } else {
                assertThat(failure).as("a script that sends no COMMIT").isNull();
            }
        }
        assertThat(database().texts("SELECT v FROM t GROUP BY v HAVING count(*) > 1"))
                .as("scripts that were done twice")
                .isEmpty();
    }

    private static String script(int number) {
        return "INSERT INTO t VALUES ('script-" + number + "'); SELECT 1 AS one";
    }

    @Test
    @Promise(
            of = {ConnectorException.class, Capability.class},
            says = {PASSES, READ_ONLY},
            lookAt = "SQLSTATE 25006, and settings that a pool remembers from the time when the server was read-only")
    void survivesAServerThatIsReadOnlyForAWhile() {
        database().run("CREATE TABLE t (id bigint)");
        Subject subject = opened();
        BoundQuery insert =
                Sql.of("INSERT INTO t VALUES (:id)").set("id", BIGINT, 1L).bound();
        database().run("ALTER DATABASE " + database().name() + " SET default_transaction_read_only = on");
        database().terminate(TestDatabase.UNDER_TEST);
        Patience.await("the server to be read-only").until(() -> {
            Throwable failure = catchThrowable(() -> subject.execute(insert));
            assertTransient(failure);
            return SqlState.READ_ONLY.equals(((ConnectorException) failure).sqlState());
        });
        database().run("SET default_transaction_read_only = off");
        database().run("ALTER DATABASE " + database().name() + " RESET default_transaction_read_only");
        if (!capabilities().contains(Capability.OWN_POOL)) {
            // An application's pool keeps the sessions that stay read-only.
            database().terminate(TestDatabase.UNDER_TEST);
        }
        awaitSuccess(subject, insert);
        assertThat(database().texts("SELECT id FROM t")).containsExactly("1");
    }

    @Test
    @Promise(
            of = ConnectorException.class,
            says = PASSES,
            lookAt =
                    "\"cached plan must not change result type\" (0A000): prepared statements that outlive a migration")
    void survivesAMigrationUnderPreparedStatements() {
        database().run("CREATE TABLE t (id bigint)");
        database().run("INSERT INTO t VALUES (1)");
        Subject subject = opened(settings().toBuilder().poolSize(1).build());
        for (int time = 0; time < 8; time++) {
            assertThat(subject.execute(sql("SELECT * FROM t"))).hasSize(1);
        }
        database().run("ALTER TABLE t ALTER COLUMN id TYPE text, ADD COLUMN more text DEFAULT 'new'");
        awaitSuccess(subject, sql("SELECT * FROM t"));
        assertThat(List.copyOf(subject.row(sql("SELECT * FROM t")).columnNames()))
                .containsExactly("id", "more");
    }

    @Test
    @ResourceLock(PromptCancel.SHARED)
    @Promise(
            of = SyncConnector.class,
            says = "Closes what the connector opened itself: its pool, its connections, its threads.",
            lookAt = "a terminate message to a server that does not answer: close must not wait for it for ever")
    void closesWhileTheServerDoesNotAnswer() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        Subject subject = opened(proxy.through(settings()));
        assertThat(subject.execute(sql("SELECT 1"))).hasSize(1);
        proxy.freezeEverything();
        subject.close();
        assertThat(subject.isOpen()).isFalse();
    }
}

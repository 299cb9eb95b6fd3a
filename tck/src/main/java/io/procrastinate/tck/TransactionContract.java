package io.procrastinate.tck;

import static io.procrastinate.connector.ParameterType.BIGINT;
import static io.procrastinate.tck.Sql.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** On a connection of the caller, the transaction belongs to the caller. */
@Needs({Capability.SQL, Capability.CALLER_CONNECTION})
abstract class TransactionContract extends Contract {

    private static final String INSIDE =
            "Executes a query on a connection of the caller, inside the caller's transaction. This method neither"
                    + " commits nor rolls back, and leaves the transaction's settings as they were.";

    TransactionContract(ConnectorTck tck, Calls calls) {
        super(tck, calls);
    }

    @BeforeEach
    void createTable() {
        if (knowsSql()) {
            database().run("CREATE TABLE t (id bigint)");
        }
    }

    private static BoundQuery insert(long id) {
        return Sql.of("INSERT INTO t VALUES (:id)").set("id", BIGINT, id).bound();
    }

    private long committed() {
        return database().number("SELECT count(*) FROM t");
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = INSIDE,
            lookAt = "commits: neither auto-commit nor the connector may end the caller's transaction")
    void leavesCommittingToTheCaller() {
        Subject subject = opened();
        CallerConnection caller = callerConnection();
        caller.run("INSERT INTO t VALUES (1)");
        assertThat(subject.execute(insert(2), caller.connection())).isEmpty();
        assertThat(committed())
                .as("rows that others see before the caller commits")
                .isZero();
        caller.commit();
        assertThat(committed())
                .as("rows that others see after the caller has committed")
                .isEqualTo(2);
    }

    @Test
    @Promise(
            of = {SyncConnector.class, Capability.class, AsyncConnector.class},
            says = {
                INSIDE,
                "Executes on a connection of the caller, inside the caller's transaction.",
                "Executes a query on a connection of the caller, inside the caller's transaction, as"
                        + " SyncConnector.execute(BoundQuery, Object).",
                "a connection of a kind that the connector documents"
            },
            lookAt = "statements that are sent on a connection of the pool instead of the caller's")
    void executesInsideTheCallersTransaction() {
        Subject subject = opened();
        CallerConnection caller = callerConnection();
        caller.run("INSERT INTO t VALUES (1)");
        assertThat(subject.row(sql("SELECT count(*) AS n FROM t"), caller.connection())
                        .bigint("n"))
                .as("rows of the caller's transaction that the query sees")
                .isOne();
        assertThat(subject.row(sql("SELECT pg_backend_pid() AS pid"), caller.connection())
                        .integer("pid"))
                .as("the session that executed the query")
                .hasToString(caller.ask("SELECT pg_backend_pid()"));
        subject.execute(insert(2), caller.connection());
        caller.rollback();
        assertThat(committed()).as("rows after the caller rolled back").isZero();
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = INSIDE,
            lookAt = "rollbacks in the handling of errors: only the caller decides about the transaction")
    void leavesRollingBackToTheCaller() {
        Subject subject = opened();
        CallerConnection caller = callerConnection();
        caller.run("INSERT INTO t VALUES (1)");
        caller.run("SAVEPOINT before");
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> subject.execute(sql("SELECT 1 / 0"), caller.connection()))
                .satisfies(failure -> assertThat(failure.sqlState()).isEqualTo("22012"));
        caller.run("ROLLBACK TO SAVEPOINT before");
        subject.execute(insert(2), caller.connection());
        caller.commit();
        assertThat(committed()).as("rows of the caller's transaction").isEqualTo(2);
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = INSIDE,
            lookAt = "settings made for the statement's sake (time-outs, search path, auto-commit) and not put back")
    void leavesTheSettingsAsTheyWere() {
        Subject subject = opened(settings().toBuilder().schema("other").build());
        CallerConnection caller = callerConnection();
        caller.run("SET statement_timeout = '77s'");
        CallerSettings before = CallerSettings.of(caller);
        assertThat(subject.execute(
                        Sql.of("SELECT 1").deadline(Duration.ofSeconds(9)).bound(), caller.connection()))
                .hasSize(1);
        assertThat(before.changes(caller)).as("settings that were changed").isEmpty();
    }

    @Test
    @ResourceLock(value = PromptCancel.SHARED, mode = ResourceAccessMode.READ)
    @Promise(
            of = SyncConnector.class,
            says = INSIDE,
            lookAt =
                    "settings made for the statement's sake that are not put back when it fails, or its deadline passes")
    void leavesTheSettingsAsTheyWereWhenAStatementFails() {
        Subject subject = opened(settings().toBuilder().schema("other").build());
        CallerConnection caller = callerConnection();
        caller.run("SET statement_timeout = '77s'");
        CallerSettings before = CallerSettings.of(caller);
        caller.run("SAVEPOINT before");
        for (String failing : new String[] {"SELECT 1 / 0", "SELECT pg_sleep(300)"}) {
            BoundQuery query = Sql.of(failing).deadline(Duration.ofSeconds(1)).bound();
            assertThatExceptionOfType(ConnectorException.class)
                    .isThrownBy(() -> subject.execute(query, caller.connection()));
            caller.run("ROLLBACK TO SAVEPOINT before");
            assertThat(before.changes(caller))
                    .as("settings that were changed by " + failing)
                    .isEmpty();
        }
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = INSIDE,
            lookAt = "the first statement of the transaction, if the connector sends it")
    void mayBeTheFirstInTheCallersTransaction() {
        Subject subject = opened();
        CallerConnection caller = callerConnection();
        subject.execute(insert(1), caller.connection());
        caller.rollback();
        assertThat(committed()).as("rows after the caller rolled back").isZero();
        subject.execute(insert(2), caller.connection());
        caller.commit();
        assertThat(committed()).as("rows after the caller committed").isOne();
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = "The connector need not be open.",
            lookAt = "a check for an open connector although the caller provides the connection")
    void needsNoOpenConnector() {
        CallerConnection caller = callerConnection();
        Subject subject = closed();
        subject.execute(insert(1), caller.connection());
        caller.commit();
        assertThat(committed()).isOne();
        assertThat(subject.isOpen()).isFalse();
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = INSIDE,
            lookAt = "closing the connector: it must not close the caller's connection")
    void leavesTheConnectionOpen() {
        Subject subject = opened();
        CallerConnection caller = callerConnection();
        subject.execute(insert(1), caller.connection());
        subject.close();
        assertThat(caller.ask("SELECT count(*) FROM t")).isEqualTo("1");
        caller.commit();
        assertThat(committed()).isOne();
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = "if the connection is of another kind (the message names both; nothing is sent) or the statement"
                    + " failed",
            lookAt = "the check of the connection's class before anything is sent, and its message")
    void refusesAConnectionOfAnotherKind() {
        Subject subject = opened();
        CallerConnection caller = callerConnection();
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> subject.execute(insert(1), Thread.currentThread()))
                .withMessageContaining("Thread")
                .satisfies(refusal -> assertThat(Kinds.of(caller.connection()))
                        .as("kinds of which the message names one: %s", refusal.getMessage())
                        .anyMatch(kind -> String.valueOf(refusal.getMessage()).contains(kind)));
        assertThat(committed()).as("rows inserted all the same").isZero();
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = INSIDE,
            lookAt = "a connection that is taken from the pool although the caller provides one")
    void takesNoConnectionFromThePool() {
        Subject subject = opened(settings().toBuilder().poolSize(1).build());
        CallerConnection caller = callerConnection();
        for (int time = 0; time < 5; time++) {
            subject.execute(insert(time), caller.connection());
        }
        assertThat(subject.row(sql("SELECT count(*) AS n FROM t")).bigint("n"))
                .as("rows that the pool's own connection sees")
                .isZero();
        caller.commit();
        assertThat(subject.row(sql("SELECT count(*) AS n FROM t")).bigint("n")).isEqualTo(5);
    }

    @Test
    @ResourceLock(value = PromptCancel.SHARED, mode = ResourceAccessMode.READ)
    @Promise(
            of = {SyncConnector.class, BoundQuery.class},
            says = {
                INSIDE,
                "Returns how long the statement may take: its own limit, or ConnectorSettings.statementTimeout() if it has none."
            },
            lookAt = "the deadline of a query on the caller's connection, and what is done to the connection after it")
    void keepsTheDeadlineOnTheCallersConnection() {
        Subject subject = opened();
        CallerConnection caller = callerConnection();
        caller.run("INSERT INTO t VALUES (1)");
        caller.run("SAVEPOINT before");
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> subject.execute(
                        Sql.of("SELECT pg_sleep(300)")
                                .deadline(Duration.ofMillis(300))
                                .bound(),
                        caller.connection()))
                .satisfies(failure -> assertThat(failure.isTransient()).isTrue());
        caller.run("ROLLBACK TO SAVEPOINT before");
        caller.commit();
        assertThat(committed()).as("rows of the caller's transaction").isOne();
    }
}

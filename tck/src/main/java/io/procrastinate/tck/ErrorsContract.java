package io.procrastinate.tck;

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
import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.exception.UniqueViolationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A refusal by the server becomes one kind of exception, whatever the driver throws. */
@Needs(Capability.SQL)
abstract class ErrorsContract extends Contract {

    private static final String TRANSIENT =
            "Whether the same statement may succeed if it is tried again later: the connection was lost, the server"
                    + " is starting or stopping, the pool or the server is full, a deadlock was broken, the deadline"
                    + " passed, or the server is read-only for now, as after a failover.";
    private static final String SQLSTATE = "The five-character SQLSTATE of the failure, or null if it has none.";

    ErrorsContract(ConnectorTck tck, Calls calls) {
        super(tck, calls);
    }

    @Test
    @Promise(
            of = UniqueViolationException.class,
            says = {
                "A statement would have stored a second row where the database allows one (SQLSTATE 23505).",
                "The name of the constraint or unique index that refused the row, or null if the driver does not"
                        + " report it."
            },
            lookAt = "the translation of SQLSTATE 23505, and where the driver keeps the constraint's name")
    void uniqueViolationsNameTheConstraint() {
        database().run("CREATE TABLE t (id bigint CONSTRAINT \"Only One\" UNIQUE, v text)");
        database().run("CREATE UNIQUE INDEX an_index ON t (v) WHERE v IS NOT NULL");
        database().run("INSERT INTO t VALUES (1, 'a')");
        Subject subject = opened();
        assertThat(uniqueViolation(subject, "INSERT INTO t VALUES (1, 'b')").constraint())
                .isEqualTo("Only One");
        assertThat(uniqueViolation(subject, "INSERT INTO t VALUES (2, 'a')").constraint())
                .isEqualTo("an_index");
    }

    private UniqueViolationException uniqueViolation(Subject subject, String sql) {
        ConnectorException failure = failure(subject, sql(sql));
        assertThat(failure).isExactlyInstanceOf(UniqueViolationException.class);
        assertThat(failure.isTransient()).as("transient").isFalse();
        return (UniqueViolationException) failure;
    }

    @Test
    @Promise(
            of = ConnectorException.class,
            says = {SQLSTATE, TRANSIENT},
            lookAt = "where the driver keeps the SQLSTATE, and what decides whether it is transient: SqlState does")
    void keepsTheSqlState() {
        database().run("CREATE TABLE parent (id bigint PRIMARY KEY)");
        database().run("CREATE TABLE child (id bigint NOT NULL REFERENCES parent CHECK (id > 0))");
        Map<String, String> statements = new TreeMap<>();
        statements.put("42601", "SELEC 1");
        statements.put("42P01", "SELECT * FROM absent_table");
        statements.put("42703", "SELECT absent_column FROM parent");
        statements.put("42883", "SELECT absent_function()");
        statements.put("22012", "SELECT 1 / 0");
        statements.put("22P02", "SELECT 'x'::integer");
        statements.put("23502", "INSERT INTO child VALUES (NULL)");
        statements.put("23503", "INSERT INTO child VALUES (1)");
        statements.put("23514", "INSERT INTO child VALUES (-1)");
        statements.put("P0001", "DO $$ BEGIN RAISE EXCEPTION 'mine'; END $$");
        Subject subject = opened();
        statements.forEach((state, statement) -> {
            ConnectorException failure = failure(subject, sql(statement));
            assertThat(failure.sqlState()).as(statement).isEqualTo(state);
            assertThat(failure.isTransient()).as("transient: " + statement).isFalse();
        });
    }

    @Test
    @Promise(
            of = ConnectorException.class,
            says = TRANSIENT,
            lookAt = "what decides whether an SQLSTATE is transient: SqlState.isTransient does")
    void knowsWhatMayPassByItself() {
        Subject subject = opened();
        for (String state : new String[] {"40001", "40P01", "53200", "53300", "55P03", "57014", "57P03", "08006"}) {
            ConnectorException failure = failure(
                    subject,
                    sql("DO $$ BEGIN RAISE EXCEPTION 'raised for the test' USING ERRCODE = '" + state + "'; END $$"));
            assertThat(failure.sqlState()).isEqualTo(state);
            assertThat(failure.isTransient()).as("transient: " + state).isTrue();
        }
    }

    @Test
    @Promise(
            of = ConnectorException.class,
            says = TRANSIENT,
            lookAt = "SQLSTATE 25006: a standby returns it until it has been promoted")
    void aReadOnlyServerIsTransient() {
        database().run("CREATE TABLE t (id bigint)");
        database().run("ALTER DATABASE " + database().name() + " SET default_transaction_read_only = on");
        ConnectorException failure = failure(opened(), sql("INSERT INTO t VALUES (1)"));
        assertThat(failure.sqlState()).isEqualTo("25006");
        assertThat(failure.isTransient()).as("transient").isTrue();
    }

    @Test
    @Promise(of = ConnectorException.class, says = TRANSIENT, lookAt = "SQLSTATE 40P01")
    void aDeadlockIsTransient() throws SQLException {
        database().run("ALTER DATABASE " + database().name() + " SET deadlock_timeout = '100ms'");
        database().run("""
                CREATE FUNCTION lock_both() RETURNS void LANGUAGE plpgsql AS $$
                BEGIN
                    PERFORM pg_advisory_xact_lock(1);
                    FOR attempt IN 1..3000 LOOP
                        EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()));
                        PERFORM pg_sleep(0.01);
                    END LOOP;
                    PERFORM pg_advisory_xact_lock(2);
                END $$
                """);
        Subject subject = opened();
        try (Connection other = database().connect();
                Statement statement = other.createStatement()) {
            statement.execute("SET deadlock_timeout = '5min'");
            other.setAutoCommit(false);
            statement.execute("SELECT pg_advisory_xact_lock(2)");
            Thread waiter = new Thread(() -> lockFirst(statement), "tck-deadlock");
            AtomicReference<@Nullable ConnectorException> seen = new AtomicReference<>();
            Thread connector = new Thread(() -> seen.set(failure(subject, sql("SELECT lock_both()"))), "tck-victim");
            connector.start();
            Patience.await("the connector's statement to hold the first lock")
                    .until(() -> database()
                                    .number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                                            + " AND objid = 1 AND database ="
                                            + " (SELECT oid FROM pg_database WHERE datname = current_database())")
                            == 1);
            waiter.start();
            Patience.await("the deadlock to be broken").until(() -> seen.get() != null);
            ConnectorException failure = Objects.requireNonNull(seen.get());
            assertThat(failure.sqlState()).isEqualTo("40P01");
            assertThat(failure.isTransient()).as("transient").isTrue();
            Patience.await("the other session to go on").until(() -> !waiter.isAlive());
            other.rollback();
        }
    }

    private static void lockFirst(Statement statement) {
        try {
            statement.execute("SELECT pg_advisory_xact_lock(1)");
        } catch (SQLException e) {
            throw new IllegalStateException("The session that must not be the victim was", e);
        }
    }

    @Test
    @Promise(
            of = ConnectorException.class,
            says = TRANSIENT,
            lookAt = "the loss of a connection inside a statement, which some drivers report without an SQLSTATE")
    void aTerminatedBackendIsTransient() {
        Subject subject = opened(settings().toBuilder().poolSize(1).build());
        ConnectorException failure = failure(subject, sql("SELECT pg_terminate_backend(pg_backend_pid())"));
        assertThat(failure.isTransient()).as("transient: " + failure).isTrue();
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = "If a statement loses its connection, that is thrown away and the next statement gets another"
                    + " one.",
            lookAt = "the statement after the one whose backend was terminated: driver and pool may consider the"
                    + " connection alive until they have read its end, so let the failure itself (57P01,"
                    + " 08...) decide")
    void throwsALostConnectionAway() {
        Subject subject = opened(settings().toBuilder().poolSize(1).build());
        for (int time = 0; time < 3; time++) {
            assertThat(failure(subject, sql("SELECT pg_terminate_backend(pg_backend_pid())")))
                    .isNotNull();
            assertThat(subject.row(sql("SELECT 1 AS one")).integer("one")).isOne();
        }
    }

    @Test
    @ResourceLock(value = PromptCancel.SHARED, mode = ResourceAccessMode.READ)
    @Promise(
            of = {BoundQuery.class, SyncConnector.class, AsyncConnector.class},
            says = {
                "Returns how long the statement may take: its own limit, or ConnectorSettings.statementTimeout() if it has none.",
                "A statement that exceeds it fails with the SQLSTATE 57014, whether the server stopped it or the"
                        + " connector gave it up; if the server no longer answered at all, with that of a lost"
                        + " connection, or with none",
                "if the statement failed or its deadline passed",
                "Every stage completes, at the latest when the query's deadline has passed."
            },
            lookAt = "the time-out of a single statement: the server must stop it, and the call must end")
    void aPassedDeadlineIsTransient() {
        Subject subject = opened(settings().toBuilder().poolSize(1).build());
        ConnectorException failure = failure(
                subject,
                Sql.of("SELECT pg_sleep(300)").deadline(Duration.ofMillis(300)).bound());
        assertThat(failure.sqlState()).isEqualTo(SqlState.QUERY_CANCELED);
        assertThat(failure.isTransient()).as("transient: " + failure).isTrue();
        assertThat(subject.row(sql("SELECT 1 AS one")).integer("one"))
                .as("the next statement")
                .isOne();
        Patience.untilAsserted(
                "the server to stop the statement",
                () -> assertThat(database()
                                .number(
                                        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(300)%'"
                                                + " AND pid <> pg_backend_pid() AND datname = current_database()"))
                        .isZero());
    }

    @Test
    @Promise(
            of = {ConnectorException.class, ProcrastinateException.class},
            says = {
                "The driver's own exception, if any, is the cause.",
                "Its message says what was tried, what was found and what to do."
            },
            lookAt = "the message: the query's name and the server's own words; the cause: the driver's exception")
    void saysWhatWasTriedAndWhatWasFound() {
        ConnectorException failure = failure(opened(), sql("SELECT * FROM absent_table"));
        assertThat(failure).hasMessageContaining(Sql.NAME).hasMessageContaining("absent_table");
        assertThat(failure.getCause()).as("the driver's exception").isNotNull();
    }

    @Test
    @Promise(
            of = AsyncConnector.class,
            says = "Failures complete the stage with the exceptions that SyncConnector throws from the method of"
                    + " the same meaning, not wrapped in a java.util.concurrent.CompletionException; no"
                    + " method that returns a stage throws an exception itself.",
            lookAt = "wrappers: a stage made by thenApply or supplyAsync fails with a CompletionException")
    void wrapsNoException() {
        Subject subject = opened();
        assertThat(catchThrowable(() -> subject.execute(sql("SELECT 1 / 0"))))
                .isExactlyInstanceOf(ConnectorException.class);
        assertThat(catchThrowable(() -> subject.runScript("SELECT 1 / 0")))
                .isExactlyInstanceOf(ConnectorException.class);
        assertThat(catchThrowable(() -> subject.execute(
                        Sql.of("SELECT :v::integer").set("v", TEXT, "x").bound())))
                .isExactlyInstanceOf(ConnectorException.class);
    }

    @Test
    @ResourceLock(value = PromptCancel.SHARED, mode = ResourceAccessMode.READ)
    @Promise(
            of = SyncConnector.class,
            says = "A statement that the server has committed without its synchronous standby, for which it waits no"
                    + " longer than the deadline, fails as transient, like any statement whose outcome is unknown.",
            lookAt = "the warnings that come with the end of a statement (01000, see UnreplicatedCommit): cancelling"
                    + " a commit that waits for a standby ends the wait, not the commit")
    void aCommitWithoutItsStandbyIsNoSuccess() {
        database().run("CREATE TABLE t (id bigint)");
        database().runScript("""
                CREATE FUNCTION insert_durably() RETURNS void LANGUAGE plpgsql AS $$
                BEGIN
                    PERFORM set_config('synchronous_commit', 'on', true);
                    INSERT INTO t VALUES (1);
                END $$
                """);
        Subject subject = opened(settings().toBuilder().poolSize(1).build());
        ConnectorException failure = failure(
                subject,
                Sql.of("SELECT insert_durably()")
                        .deadline(Duration.ofSeconds(5)) // on a busy machine, reaching the commit takes a while
                        .bound());
        assertThat(failure.isTransient()).as("transient: " + failure).isTrue();
        assertThat(SqlState.isUndoneByOthers(failure.sqlState()) || SqlState.isRefusal(failure.sqlState()))
                .as("taken for undone: " + failure)
                .isFalse();
        Patience.untilAsserted("the commit to end", () -> {
            // A connector that gave up before it could cancel the statement has left the server waiting.
            database()
                    .texts("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                            + " AND datname = current_database()");
            assertThat(database().number("SELECT count(*) FROM t")).isOne();
        });
        assertThat(subject.row(sql("SELECT 1 AS one")).integer("one"))
                .as("the next statement")
                .isOne();
    }

    private static ConnectorException failure(Subject subject, BoundQuery query) {
        Throwable failure = catchThrowable(() -> subject.execute(query));
        assertThat(failure).as("what the statement failed with").isInstanceOf(ConnectorException.class);
        return (ConnectorException) failure;
    }
}

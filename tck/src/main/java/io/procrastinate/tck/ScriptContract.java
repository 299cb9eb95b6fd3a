package io.procrastinate.tck;

import static io.procrastinate.tck.Sql.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.UniqueViolationException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A script runs as a whole or not at all, exactly as written. */
@Needs(Capability.SQL)
abstract class ScriptContract extends Contract {

    private static final String WHOLE =
            "Runs a script of several statements, without parameters, in one transaction: either all of it is done or"
                    + " nothing.";

    ScriptContract(ConnectorTck tck, Calls calls) {
        super(tck, calls);
    }

    @Test
    @Promise(of = SyncConnector.class, says = WHOLE, lookAt = "scripts of which only the first statement is sent")
    void runsEveryStatement() {
        opened().runScript("""
                CREATE TABLE t (id bigint);
                INSERT INTO t VALUES (1);
                SELECT id FROM t;
                INSERT INTO t VALUES (2)
                """);
        assertThat(database().texts("SELECT id FROM t ORDER BY id")).containsExactly("1", "2");
    }

    @Test
    @Promise(
            of = {SyncConnector.class, AsyncConnector.class},
            says = {WHOLE, "Runs a script of several statements in one transaction, as SyncConnector.runScript."},
            lookAt = "statements that are committed one by one: begin, run all, commit")
    void runsInOneTransaction() {
        database().run("CREATE TABLE t (transaction xid8)");
        opened().runScript("INSERT INTO t SELECT pg_current_xact_id(); INSERT INTO t SELECT pg_current_xact_id();");
        assertThat(database().texts("SELECT DISTINCT transaction FROM t"))
                .as("transactions of the script's statements")
                .hasSize(1);
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = {WHOLE, "if a statement failed"},
            lookAt = "the rollback after a statement that failed")
    void undoesEverythingWhenAStatementFails() {
        Subject subject = opened();
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(
                        () -> subject.runScript("CREATE TABLE t (id bigint); SELECT 1 / 0; CREATE TABLE u (id bigint)"))
                .satisfies(failure -> assertThat(failure.sqlState()).isEqualTo("22012"));
        assertThat(database().number("SELECT count(*) FROM pg_tables WHERE tablename IN ('t', 'u')"))
                .as("tables left by a script that failed")
                .isZero();
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = "if a statement failed",
            lookAt = "errors of scripts that bypass the translation of errors")
    void translatesErrorsAsQueriesDo() {
        database().run("CREATE TABLE t (id bigint CONSTRAINT only_one UNIQUE)");
        assertThatExceptionOfType(UniqueViolationException.class)
                .isThrownBy(() -> opened().runScript("INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)"))
                .satisfies(failure -> assertThat(failure.constraint()).isEqualTo("only_one"));
    }

    @Test
    @ResourceLock(value = PromptCancel.SHARED, mode = ResourceAccessMode.READ)
    @Promise(
            of = SyncConnector.class,
            says = "Like a statement, it may take ConnectorSettings.statementTimeout().",
            lookAt = "scripts that bypass the deadline of queries")
    void endsAtTheTimeOutOfStatements() {
        Subject subject = opened(
                settings().toBuilder().statementTimeout(Duration.ofSeconds(1)).build());
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> subject.runScript("SELECT 1; SELECT pg_sleep(300)"))
                .satisfies(failure -> assertThat(failure.isTransient())
                        .as("transient: " + failure)
                        .isTrue());
        Patience.untilAsserted(
                "the server to stop the script",
                () -> assertThat(database()
                                .number("SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
                                        + " AND query LIKE '%pg_sleep(300)%' AND pid <> pg_backend_pid()"
                                        + " AND datname = current_database()"))
                        .isZero());
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = WHOLE,
            lookAt = "a splitting at semicolons, or a driver's parsing of question marks, braces and colons")
    void leavesTheTextAlone() {
        opened().runScript("""
                -- a comment; with a semicolon and a ? and a :name
                CREATE TABLE t (v text); /* another; one */
                CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $body$
                BEGIN -- a comment; of the function's own
                    PERFORM '{"a": 1}'::jsonb ? 'a';
                    RETURN 'semi;colon ? :name $1 {d}';
                END;
                $body$;
                INSERT INTO t VALUES (f()), ('it''s; \\ ?'), (E'\\'');
                """);
        assertThat(database().texts("SELECT v FROM t"))
                .containsExactlyInAnyOrder("semi;colon ? :name $1 {d}", "it's; \\ ?", "'");
        assertThat(database().text("SELECT prosrc FROM pg_proc WHERE proname = 'f'"))
                .contains("-- a comment; of the function's own\n");
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = WHOLE,
            lookAt =
                    "what a script leaves on the pool's connection: an open transaction, auto-commit switched off, settings")
    void leavesTheConnectionAsItWas() {
        database().run("CREATE TABLE t (id bigint)");
        Subject subject = opened(settings().toBuilder().poolSize(1).build());
        String settings = "SELECT string_agg(name || '=' || setting, ', ' ORDER BY name) AS found FROM pg_settings"
                + " WHERE source <> 'default'";
        String before = subject.row(sql(settings)).text("found");
        subject.runScript("INSERT INTO t VALUES (1)");
        assertThat(subject.row(sql(settings)).text("found")).isEqualTo(before);
        assertThatExceptionOfType(ConnectorException.class).isThrownBy(() -> subject.runScript("SELECT 1 / 0"));
        assertThat(subject.execute(sql("INSERT INTO t VALUES (2)"))).isEmpty();
        assertThat(database().texts("SELECT id FROM t ORDER BY id"))
                .as("what another session sees")
                .containsExactly("1", "2");
    }
}

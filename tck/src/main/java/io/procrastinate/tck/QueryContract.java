package io.procrastinate.tck;

import static io.procrastinate.connector.ParameterType.BIGINT;
import static io.procrastinate.connector.ParameterType.TEXT;
import static io.procrastinate.tck.Sql.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.ConnectorException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** A query is executed on a connection of the pool, committed, and answered with rows. */
@Needs(Capability.SQL)
abstract class QueryContract extends Contract {

    QueryContract(ConnectorTck tck, Calls calls) {
        super(tck, calls);
    }

    @Test
    @Promise(
            of = {SyncConnector.class, AsyncConnector.class, Capability.class},
            says = {
                "Executes a query on a connection of the pool and commits it.",
                "Executes a query on a connection of the pool and commits it, as SyncConnector.execute(BoundQuery).",
                "Executes any SQL.",
                "A connector with classic blocking I/O: every call returns when the database has answered."
            },
            lookAt = "auto-commit of the pool's connections, or the commit after the statement")
    void commitsWhatItExecutes() {
        database().run("CREATE TABLE t (id bigint)");
        Subject subject = opened();
        assertThat(subject.execute(Sql.of("INSERT INTO t VALUES (:id)")
                        .set("id", BIGINT, 7L)
                        .bound()))
                .isEmpty();
        assertThat(database().texts("SELECT id FROM t"))
                .as("what another session sees")
                .containsExactly("7");
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = "the rows in the order in which the server sent them; empty if the statement returns none",
            lookAt = "how rows are collected: a list, never a set or a map")
    void keepsTheOrderOfTenThousandRows() {
        Subject subject = opened();
        List<Row> rows = subject.execute(sql("SELECT n::bigint AS n FROM generate_series(1, 10000) n ORDER BY n DESC"));
        assertThat(rows)
                .extracting(row -> row.bigint("n"))
                .isEqualTo(LongStream.rangeClosed(1, 10000)
                        .mapToObj(n -> 10001 - n)
                        .toList());
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = "the rows in the order in which the server sent them; empty if the statement returns none",
            lookAt = "statements without a result, for which a driver returns an update count or nothing")
    void answersNoRowsWhereAStatementReturnsNone() {
        Subject subject = opened();
        assertThat(subject.execute(sql("CREATE TABLE t (id bigint)"))).isEmpty();
        assertThat(subject.execute(sql("INSERT INTO t VALUES (1), (2)"))).isEmpty();
        assertThat(subject.execute(sql("UPDATE t SET id = id + 1"))).isEmpty();
        assertThat(subject.execute(sql("SELECT id FROM t WHERE id = 99"))).isEmpty();
        assertThat(subject.execute(sql("DO $$ BEGIN PERFORM 1; END $$"))).isEmpty();
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = "the rows in the order in which the server sent them; empty if the statement returns none",
            lookAt = "INSERT, UPDATE and DELETE with RETURNING, and WITH queries that write")
    void answersTheRowsOfStatementsThatWrite() {
        database().run("CREATE TABLE t (id bigint)");
        Subject subject = opened();
        assertThat(subject.row(sql("INSERT INTO t VALUES (1) RETURNING id")).bigint("id"))
                .isEqualTo(1);
        assertThat(subject.row(sql("UPDATE t SET id = id + 1 RETURNING id")).bigint("id"))
                .isEqualTo(2);
        assertThat(subject.row(sql("WITH gone AS (DELETE FROM t RETURNING id) SELECT id FROM gone"))
                        .bigint("id"))
                .isEqualTo(2);
        assertThat(database().number("SELECT count(*) FROM t")).isZero();
    }

    @Test
    @Promise(
            of = Row.class,
            says = {"One row of a result, read by column name.", "The columns' names in the order of the result."},
            lookAt = "the columns' labels: the alias where there is one, in the result's order and letter case")
    void namesColumnsAsTheResultDoes() {
        Row row = opened().row(sql("SELECT 1 AS job, 2 AS job_id, 3 AS \"Job Id\", 4 AS job_id_2"));
        assertThat(row.columnNames()).containsExactly("job", "job_id", "Job Id", "job_id_2");
        assertThat(row.integer("job")).isEqualTo(1);
        assertThat(row.integer("job_id")).isEqualTo(2);
        assertThat(row.integer("Job Id")).isEqualTo(3);
        assertThat(row.integer("job_id_2")).isEqualTo(4);
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> row.value("absent"))
                .withMessageContaining("absent");
    }

    @Test
    @Promise(
            of = Row.class,
            says = "Immutable and thread-safe.",
            lookAt = "rows that read from the connection late: read every value before the connection is given back")
    void rowsOutliveTheirConnection() {
        ConnectorSettings one = settings().toBuilder().poolSize(1).build();
        Subject subject = opened(one);
        List<Row> rows = subject.execute(sql("SELECT ARRAY['a', NULL]::text[] AS list, 'text' AS text"));
        assertThat(subject.execute(sql("SELECT 'other' AS text"))).hasSize(1);
        subject.close();
        assertThat(rows).hasSize(1);
        assertThat(rows.get(0).text("text")).isEqualTo("text");
        assertThat(rows.get(0).textsOrNull("list")).containsExactly("a", null);
    }

    @Test
    @Promise(
            of = Query.class,
            says = "A parameter is written :name and may occur several times.",
            lookAt = "which rendering goes with which values: positional() repeats a value, numbered() does not")
    void bindsAParameterThatStandsSeveralTimes() {
        Row row = opened().row(Sql.of("SELECT :b || :a AS x, :a || :b || :a AS y, :n + :n AS z")
                .set("a", TEXT, "A")
                .set("b", TEXT, "B")
                .set("n", BIGINT, 21L)
                .bound());
        assertThat(row.text("x")).isEqualTo("BA");
        assertThat(row.text("y")).isEqualTo("ABA");
        assertThat(row.bigint("z")).isEqualTo(42);
    }

    @Test
    @Promise(
            of = Query.class,
            says = "Colons inside literals, quoted identifiers, comments and casts (::text) are left alone.",
            lookAt = "a second parsing of the rendered SQL by the driver: question marks, colons, braces, backslashes")
    void leavesLiteralsCommentsAndCastsAlone() {
        Row row = opened().row(Sql.of("""
                SELECT ':a ?? {d} $1 \\' AS "co:a", -- :a ?
                       :a::text AS a /* :a ? */,
                       '{"k": [1]}'::jsonb ->> 'k' AS json,
                       $$ ? $1 {d} $$ AS dollars,
                       array_length((ARRAY[1, 2, 3])[2:3], 1) AS slice
                """).set("a", TEXT, "value").bound());
        assertThat(row.text("co:a")).isEqualTo(":a ?? {d} $1 \\");
        assertThat(row.text("a")).isEqualTo("value");
        assertThat(row.text("json")).isEqualTo("[1]");
        assertThat(row.text("dollars")).isEqualTo(" ? $1 {d} ");
        assertThat(row.integer("slice")).isEqualTo(2);
    }

    @Test
    @Promise(
            of = BoundQuery.class,
            says = "A Query with a value for every parameter.",
            lookAt = "values that are put into the SQL as text: they must be sent separately, as parameters")
    void sendsValuesAsValuesNotAsSql() {
        database().run("CREATE TABLE t (v text)");
        String hostile = "'); DROP TABLE t; -- \\' $$ ? :v {fn now()} %s";
        Subject subject = opened();
        assertThat(subject.execute(Sql.of("INSERT INTO t VALUES (:v)")
                        .set("v", TEXT, hostile)
                        .bound()))
                .isEmpty();
        assertThat(database().text("SELECT v FROM t")).isEqualTo(hostile);
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = "if the statement failed or its deadline passed; thrown only after the connection has been"
                    + " returned or thrown away",
            lookAt = "the finally block around a statement: an error must return the connection too")
    void givesTheConnectionBackAfterAnError() {
        ConnectorSettings one = settings().toBuilder().poolSize(1).build();
        Subject subject = opened(one);
        for (int time = 0; time < 20; time++) {
            assertThatExceptionOfType(ConnectorException.class)
                    .isThrownBy(() -> subject.execute(sql("SELECT 1 / 0")))
                    .satisfies(failure -> assertThat(failure.sqlState()).isEqualTo("22012"));
            assertThat(subject.row(sql("SELECT 1 AS one")).integer("one")).isOne();
        }
    }

    @Test
    @Promise(
            of = Connector.class,
            says = "Connectors are thread-safe.",
            lookAt = "state shared between calls: statements, buffers, counters")
    void servesManyThreadsAtOnce() throws Exception {
        Subject subject = opened(settings().toBuilder().poolSize(4).build());
        ExecutorService threads = Executors.newFixedThreadPool(16);
        try {
            List<Future<Long>> answers = new ArrayList<>();
            for (long number = 0; number < 400; number++) {
                BoundQuery query = Sql.echo(BIGINT, number);
                answers.add(threads.submit(() -> subject.row(query).bigint("v")));
            }
            for (int number = 0; number < answers.size(); number++) {
                assertThat(answers.get(number).get(Patience.bound().toSeconds(), TimeUnit.SECONDS))
                        .as("the answer to the thread that asked for " + number)
                        .isEqualTo(number);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = "Executes a query on a connection of the pool and commits it.",
            lookAt = "what a call leaves on the pool's connection: open transactions, session settings")
    void leavesNoTransactionOpen() {
        Subject subject = opened(settings().toBuilder().poolSize(1).build());
        assertThat(subject.execute(sql("SELECT 1"))).hasSize(1);
        assertThatExceptionOfType(ConnectorException.class).isThrownBy(() -> subject.execute(sql("SELECT 1 / 0")));
        Patience.untilAsserted(
                "the pool's connections to be idle",
                () -> assertThat(database()
                                .texts(
                                        "SELECT state FROM pg_stat_activity WHERE application_name = ? AND datname ="
                                                + " current_database() AND state <> 'idle'",
                                        TestDatabase.UNDER_TEST))
                        .as("states of the connector's connections")
                        .isEmpty());
    }
}

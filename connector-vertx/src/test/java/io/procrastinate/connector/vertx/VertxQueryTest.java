package io.procrastinate.connector.vertx;

import static io.procrastinate.connector.vertx.Database.await;
import static io.procrastinate.connector.vertx.Database.execute;
import static io.procrastinate.connector.vertx.Database.query;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.UniqueViolationException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VertxQueryTest {

    private static VertxConnector connector;

    @BeforeAll
    static void open() {
        // Many statements wait for few connections here: how long they wait does not matter.
        connector = Database.opened(
                Database.settings().connectTimeout(Database.BOUND).build());
    }

    @AfterAll
    static void close() {
        await(connector.closeAsync());
    }

    private static @Nullable Object echo(ParameterType type, @Nullable Object value) {
        String result = type == ParameterType.JSON ? ":value::text" : ":value";
        BoundQuery bound = Query.named("echo")
                .parameter("value", type)
                .sql("SELECT " + result + " AS value")
                .bind()
                .set("value", value)
                .build();
        return await(connector.execute(bound)).get(0).value("value");
    }

    @Test
    void everyTypeOfParameterComesBackAsItWas() {
        assertThat(echo(ParameterType.BIGINT, Long.MIN_VALUE)).isEqualTo(Long.MIN_VALUE);
        assertThat(echo(ParameterType.INTEGER, 7)).isEqualTo(7);
        assertThat(echo(ParameterType.BOOLEAN, true)).isEqualTo(true);
        assertThat(echo(ParameterType.TEXT, "ä 日本 🎉 ' \" \\ $1")).isEqualTo("ä 日本 🎉 ' \" \\ $1");
        assertThat(echo(ParameterType.JSON, "{\"n\": 12345678901234567890.123}"))
                .isEqualTo("{\"n\": 12345678901234567890.123}");
        assertThat(echo(ParameterType.TEXT_ARRAY, Arrays.asList("a", null, "{,\"}", "")))
                .isEqualTo(Arrays.asList("a", null, "{,\"}", ""));
        assertThat(echo(ParameterType.BIGINT_ARRAY, Arrays.asList(1L, null, Long.MAX_VALUE)))
                .isEqualTo(Arrays.asList(1L, null, Long.MAX_VALUE));
        assertThat(echo(ParameterType.TEXT_ARRAY, List.of())).isEqualTo(List.of());
        assertThat(echo(ParameterType.BIGINT_ARRAY, List.of())).isEqualTo(List.of());
        for (ParameterType type : ParameterType.values()) {
            assertThat(echo(type, null)).as(type.name()).isNull();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2024-02-29T12:34:56.123456Z",
                "1999-12-31T23:59:59.999999Z",
                "0001-01-01T00:00:00.000001Z",
                "-4713-11-24T00:00:00Z",
                "+294276-12-31T23:59:59.999999Z",
                "+1000000000-12-31T23:59:59.999999999Z"
            })
    void momentsComeBackToTheMicrosecond(String moment) {
        assertThat(echo(ParameterType.INSTANT, Instant.parse(moment))).isEqualTo(Instant.parse(moment));
    }

    @Test
    void nanosecondsAreCutOff() {
        assertThat(echo(ParameterType.INSTANT, Instant.parse("1990-01-01T00:00:00.123456789Z")))
                .isEqualTo(Instant.parse("1990-01-01T00:00:00.123456Z"));
    }

    @Test
    void momentsBeyondTheServersRangeAreRefused() {
        assertThatThrownBy(() -> echo(ParameterType.INSTANT, Instant.parse("+294277-01-01T00:00:00Z")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("22008");
    }

    @Test
    void infinityIsReadAndBreaksNothing() {
        Row row = execute(
                        connector,
                        "SELECT 'infinity'::timestamptz AS future, '-infinity'::timestamptz AS past,"
                                + " '4714-11-24 00:00:00+00 BC'::timestamptz AS earliest")
                .get(0);
        assertThat(row.value("future")).isEqualTo(Instant.MAX);
        assertThat(row.value("past")).isEqualTo(Instant.MIN);
        assertThat(row.value("earliest")).isEqualTo(Instant.parse("-4713-11-24T00:00:00Z"));
    }

    @Test
    void columnsHaveThePromisedClasses() {
        await(connector.runScript("CREATE TYPE mood AS ENUM ('glad')"));
        Row row = execute(
                        connector,
                        "SELECT 1::smallint AS s, 2 AS i, 3::bigint AS b, 1.5::double precision AS d, 'v'::varchar(5)"
                                + " AS v, 'glad'::mood AS m, true AS t, 1.25::numeric AS n, 'x'::name AS c,"
                                + " '{\"a\":1}'::jsonb::text AS j")
                .get(0);
        assertThat(row.value("s")).isEqualTo(1);
        assertThat(row.value("i")).isEqualTo(2);
        assertThat(row.value("b")).isEqualTo(3L);
        assertThat(row.value("d")).isEqualTo(1.5);
        assertThat(row.value("v")).isEqualTo("v");
        assertThat(row.value("m")).isEqualTo("glad");
        assertThat(row.value("t")).isEqualTo(true);
        assertThat(row.value("n")).isEqualTo(new java.math.BigDecimal("1.25"));
        assertThat(row.value("c")).isEqualTo("x");
        assertThat(row.value("j")).isEqualTo("{\"a\": 1}");
    }

    @Test
    void readsManyRowsInOrder() {
        List<Row> rows =
                execute(connector, "SELECT n::bigint AS n, repeat('x', 200) AS x FROM generate_series(1, 10000) n");
        assertThat(rows).hasSize(10_000);
        assertThat(rows.get(9_999).bigint("n")).isEqualTo(10_000);
    }

    @Test
    void statementsWithoutRowsGiveNone() {
        assertThat(execute(connector, "CREATE TABLE IF NOT EXISTS no_rows (id bigint)"))
                .isEmpty();
        assertThat(execute(connector, "INSERT INTO no_rows VALUES (1)")).isEmpty();
        assertThat(execute(connector, "SELECT id FROM no_rows WHERE false")).isEmpty();
    }

    @Test
    void runsManyStatementsAtATimeOverFewConnections() {
        List<CompletableFuture<List<Row>>> running = IntStream.range(0, 500)
                .mapToObj(n -> connector.execute(query("SELECT " + n + " AS n")).toCompletableFuture())
                .toList();
        for (int n = 0; n < running.size(); n++) {
            assertThat(await(running.get(n)).get(0).integer("n")).isEqualTo(n);
        }
    }

    @Test
    void uniqueViolationsNameTheirConstraint() {
        execute(connector, "CREATE TABLE once (id bigint CONSTRAINT once_only UNIQUE)");
        execute(connector, "INSERT INTO once VALUES (1)");
        assertThatThrownBy(() -> execute(connector, "INSERT INTO once VALUES (1)"))
                .isInstanceOfSatisfying(UniqueViolationException.class, e -> {
                    assertThat(e.constraint()).isEqualTo("once_only");
                    assertThat(e.isTransient()).isFalse();
                });
    }

    @Test
    void anErrorLeavesTheConnectionUsable() {
        VertxConnector single = Database.opened(Database.settings().poolSize(1).build());
        int before = execute(single, "SELECT pg_backend_pid() AS pid").get(0).integer("pid");
        assertThatThrownBy(() -> execute(single, "SELECT 1 / 0"))
                .isInstanceOfSatisfying(
                        ConnectorException.class, e -> assertThat(e.sqlState()).isEqualTo("22012"));
        assertThat(execute(single, "SELECT pg_backend_pid() AS pid").get(0).integer("pid"))
                .isEqualTo(before);
        await(single.closeAsync());
    }

    @Test
    void refusesTextWithNul() {
        assertThatThrownBy(() -> echo(ParameterType.TEXT, "a\0b"))
                .isInstanceOfSatisfying(
                        ConnectorException.class, e -> assertThat(e.sqlState()).isEqualTo("22021"));
    }

    @Test
    void scriptsAreDoneWhollyOrNotAtAll() {
        await(connector.runScript("CREATE TABLE script_done (id int); INSERT INTO script_done VALUES (1);"
                + " DO $$ BEGIN PERFORM 1; END $$; SELECT 'infinity'::timestamptz"));
        assertThat(execute(connector, "SELECT id FROM script_done")).hasSize(1);
        assertThatThrownBy(() -> await(connector.runScript(
                        "CREATE TABLE script_undone (id int); INSERT INTO script_undone VALUES (1); SELECT 1 / 0")))
                .isInstanceOfSatisfying(
                        ConnectorException.class, e -> assertThat(e.sqlState()).isEqualTo("22012"));
        assertThat(execute(connector, "SELECT to_regclass('script_undone')::text AS found")
                        .get(0)
                        .value("found"))
                .isNull();
    }

    @Test
    void whatAScriptSetsOrLeavesOpenStaysWithItsConnection() {
        await(connector.runScript("SET search_path = nowhere; BEGIN; CREATE TABLE public.left_open (id int)"));
        Row row = execute(
                        connector,
                        "SELECT current_setting('search_path') AS path, to_regclass('left_open')::text AS found")
                .get(0);
        assertThat(row.text("path")).doesNotContain("nowhere");
        assertThat(row.value("found")).isNull();
    }

    @Test
    void survivesTheChangeOfAResultsType() {
        execute(connector, "CREATE TABLE changing (id int)");
        BoundQuery all = query("SELECT * FROM changing");
        await(connector.execute(all));
        execute(connector, "ALTER TABLE changing ADD COLUMN name text");
        execute(connector, "INSERT INTO changing VALUES (1, 'x')");
        assertThat(await(connector.execute(all)).get(0).columnNames()).containsExactly("id", "name");
    }

    @Test
    void knowsAStalePlanInAnyLanguage() {
        execute(connector, "CREATE SEQUENCE refusals");
        execute(
                connector,
                "CREATE FUNCTION refuse_once() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN"
                        + " IF nextval('refusals') = 1 THEN RAISE EXCEPTION 'gespeicherter Plan darf den Ergebnistyp"
                        + " nicht ändern' USING ERRCODE = '0A000'; END IF; RETURN 1; END $$");
        assertThat(execute(connector, "SELECT refuse_once() AS one").get(0).bigint("one"))
                .isOne();
    }

    @Test
    void survivesThatTheServerForgotItsPlans() {
        BoundQuery forgotten = query("SELECT 42 AS answer");
        await(connector.execute(forgotten));
        execute(connector, "DEALLOCATE ALL");
        assertThat(await(connector.execute(forgotten)).get(0).integer("answer")).isEqualTo(42);
        assertThat(await(connector.execute(forgotten)).get(0).integer("answer")).isEqualTo(42);
    }

    @Test
    void ownConnectionsHaveTheSettings() {
        VertxConnector named = Database.opened(Database.settings()
                .schema("Odd \"schema', $user")
                .applicationName("my app")
                .parameter("TimeZone", "Asia/Tokyo")
                .build());
        try {
            Row row = execute(
                            named,
                            "SELECT current_setting('search_path') AS path, current_setting('jit') AS jit,"
                                    + " current_setting('application_name') AS app, current_setting('TimeZone') AS zone")
                    .get(0);
            assertThat(row.text("path")).isEqualTo("\"Odd \"\"schema', $user\"");
            assertThat(row.text("jit")).isEqualTo("off");
            assertThat(row.text("app")).isEqualTo("my app");
            assertThat(row.text("zone")).isEqualTo("Asia/Tokyo");
            await(named.runScript("CREATE SCHEMA \"Odd \"\"schema', $user\"; CREATE TABLE odd (id int)"));
            assertThat(execute(named, "SELECT schemaname AS s FROM pg_tables WHERE tablename = 'odd'")
                            .get(0)
                            .text("s"))
                    .isEqualTo("Odd \"schema', $user");
        } finally {
            await(named.closeAsync());
        }
    }

    @Test
    void withoutPreparedStatementsTheServerKeepsNone() {
        VertxConnector unprepared = Database.opened(
                Database.settings().poolSize(1).preparedStatements(false).build());
        try {
            for (int round = 0; round < 3; round++) {
                assertThat(execute(unprepared, "SELECT 1 AS one").get(0).integer("one"))
                        .isEqualTo(1);
            }
            assertThatThrownBy(() -> execute(unprepared, "SELECT nonsense")).hasMessageContaining("42703");
            execute(unprepared, "DISCARD ALL");
            assertThat(execute(unprepared, "SELECT name FROM pg_prepared_statements"))
                    .isEmpty();
        } finally {
            await(unprepared.closeAsync());
        }
    }
}

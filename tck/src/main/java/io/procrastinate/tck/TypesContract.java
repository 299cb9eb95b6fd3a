package io.procrastinate.tck;

import static io.procrastinate.connector.ParameterType.BIGINT;
import static io.procrastinate.connector.ParameterType.BIGINT_ARRAY;
import static io.procrastinate.connector.ParameterType.BOOLEAN;
import static io.procrastinate.connector.ParameterType.INSTANT;
import static io.procrastinate.connector.ParameterType.INTEGER;
import static io.procrastinate.connector.ParameterType.JSON;
import static io.procrastinate.connector.ParameterType.TEXT;
import static io.procrastinate.connector.ParameterType.TEXT_ARRAY;
import static io.procrastinate.tck.Sql.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Row;
import io.procrastinate.exception.ConnectorException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Each type of parameter and of column is sent and read exactly. */
@Needs(Capability.SQL)
abstract class TypesContract extends Contract {

    private static final String CLASSES =
            "A connector returns each value in the class that belongs to the column's type, whatever its driver"
                    + " would use";

    TypesContract(ConnectorTck tck, Calls calls) {
        super(tck, calls);
    }

    @Test
    @Promise(
            of = ParameterType.class,
            says = "Each allows null.",
            lookAt = "how null is bound (with its type, not without one) and how it is read (wasNull)")
    void nullsOfEveryType() {
        Subject subject = opened();
        for (ParameterType type : ParameterType.values()) {
            assertThat(subject.row(Sql.echo(type, null)).value("v"))
                    .as("null of " + type)
                    .isNull();
            assertThat(subject.row(Sql.of("SELECT :v IS NULL AS v")
                                    .set("v", type, null)
                                    .bound())
                            .bool("v"))
                    .as("whether the server saw a null of " + type)
                    .isTrue();
        }
    }

    @Test
    @Promise(of = ParameterType.class, says = "Long", lookAt = "how bigint is bound and read: as 64 bits")
    void bigints() {
        for (long value : new long[] {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 53 | 1}) {
            echoes(BIGINT, value, Long.toString(value));
        }
    }

    @Test
    @Promise(of = ParameterType.class, says = "Integer", lookAt = "how integer is bound and read")
    void integers() {
        for (int value : new int[] {0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            echoes(INTEGER, value, Integer.toString(value));
        }
    }

    @Test
    @Promise(of = ParameterType.class, says = "Boolean", lookAt = "how boolean is bound and read")
    void booleans() {
        echoes(BOOLEAN, true, "true");
        echoes(BOOLEAN, false, "false");
    }

    @Test
    @Promise(
            of = ParameterType.class,
            says = "String",
            lookAt = "the client encoding, and text that is trimmed, normalised or taken for null when it is empty")
    void texts() {
        for (String value : Odd.TEXTS) {
            echoes(TEXT, value, value);
        }
    }

    @Test
    @Promise(
            of = ParameterType.class,
            says = "String",
            lookAt = "a NUL character, which PostgreSQL does not store: the server's refusal must come through")
    void textWithNulIsRefusedByItsSqlState() {
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> opened().execute(Sql.echo(TEXT, "a\0b")))
                .satisfies(failure -> assertThat(failure.isTransient()).isFalse())
                .satisfies(failure -> assertThat(failure.sqlState()).isEqualTo("22021"));
    }

    @Test
    @Promise(
            of = ParameterType.class,
            says = "Instant, with microseconds.",
            lookAt = "conversions through milliseconds, through the JVM's time zone or through java.sql.Timestamp")
    void instantsToTheMicrosecond() {
        for (String value : List.of(
                "1970-01-01T00:00:00Z",
                "2024-02-29T23:59:59.999999Z",
                "2024-03-31T01:30:00.000001Z",
                "2024-10-27T00:30:00.123456Z",
                "0001-01-01T00:00:00Z",
                "1582-10-10T12:00:00.5Z",
                "1883-11-18T12:03:57.999999Z",
                "9999-12-31T23:59:59.999999Z")) {
            echoes(INSTANT, Instant.parse(value), value);
        }
    }

    @Test
    @Promise(
            of = ParameterType.class,
            says = "Instant, with microseconds.",
            lookAt = "the time zone of the JVM or of the server in a conversion: an instant has none")
    void instantsInAnyTimeZone() {
        database().run("ALTER DATABASE " + database().name() + " SET TimeZone = 'Asia/Kolkata'");
        synchronized (TypesContract.class) { // the default is the whole JVM's, and this test runs beside itself
            TimeZone before = TimeZone.getDefault();
            TimeZone.setDefault(TimeZone.getTimeZone("America/St_Johns"));
            try {
                instantsToTheMicrosecond();
            } finally {
                TimeZone.setDefault(before);
            }
        }
    }

    @Test
    @Promise(
            of = Row.class,
            says = "timestamptz Instant (infinity is Instant.MAX, -infinity Instant.MIN)",
            lookAt = "the driver's stand-in for infinity, which is some far date")
    void infinityIsTheEndOfTime() {
        Row row = opened().row(sql("SELECT 'infinity'::timestamptz AS future, '-infinity'::timestamptz AS past"));
        assertThat(row.instantOrNull("future")).isEqualTo(Instant.MAX);
        assertThat(row.instantOrNull("past")).isEqualTo(Instant.MIN);
    }

    @Test
    @Promise(
            of = ParameterType.class,
            says = "Anything finer is cut off before a connector gets it.",
            lookAt = "the rounding of instants")
    void instantsAreCutToTheMicrosecond() {
        Subject subject = opened();
        Map<String, String> cut = Map.of(
                "2024-02-29T23:59:59.999999999Z", "2024-02-29T23:59:59.999999Z",
                "1969-12-31T23:59:59.123456789Z", "1969-12-31T23:59:59.123456Z");
        cut.forEach((given, kept) -> assertThat(
                        subject.row(Sql.echo(INSTANT, Instant.parse(given))).instantOrNull("v"))
                .as(given)
                .isEqualTo(Instant.parse(kept)));
    }

    @Test
    @Promise(
            of = ParameterType.class,
            says = {
                "Instant.MAX is infinity.",
                "Instant.MIN is minus infinity, or refused with the SQLSTATE 22008 if the driver cannot send that."
            },
            lookAt = "the binding of instants that no server can store: they stand for infinity, as in rows")
    void theEndOfTimeIsInfinity() {
        Subject subject = opened();
        assertInfinite(subject, Instant.MAX, "infinity");
        try {
            assertInfinite(subject, Instant.MIN, "-infinity");
        } catch (ConnectorException refusal) {
            assertThat(refusal.sqlState()).isEqualTo("22008");
        }
    }

    private static void assertInfinite(Subject subject, Instant value, String text) {
        Row row = subject.row(
                Sql.of("SELECT :v AS v, :v::text AS t").set("v", INSTANT, value).bound());
        assertThat(row.instantOrNull("v")).isEqualTo(value);
        assertThat(row.text("t")).isEqualTo(text);
    }

    @Test
    @Promise(
            of = {ParameterType.class, Row.class},
            says = {"List of String, whose elements may be null.", "text[] List of String"},
            lookAt = "array literals: quotes, commas, backslashes, braces, the text NULL, empty arrays, null elements")
    void textArrays() {
        echoes(TEXT_ARRAY, List.of(), "{}");
        echoes(TEXT_ARRAY, Odd.TEXTS, null);
        echoes(TEXT_ARRAY, Arrays.asList("a", null, "", "NULL", null), "{a,NULL,\"\",\"NULL\",NULL}");
        List<@Nullable String> many = new ArrayList<>();
        for (int index = 0; index < 1000; index++) {
            many.add("element " + index);
        }
        echoes(TEXT_ARRAY, many, null);
    }

    @Test
    @Promise(
            of = {ParameterType.class, Row.class},
            says = {"List of Long, whose elements may be null.", "bigint[] List of Long (elements may be null)"},
            lookAt = "null elements that are lost or become 0, and empty arrays that become null")
    void bigintArrays() {
        echoes(BIGINT_ARRAY, List.of(), "{}");
        echoes(
                BIGINT_ARRAY,
                Arrays.asList(1L, null, Long.MIN_VALUE, Long.MAX_VALUE, null),
                "{1,NULL,-9223372036854775808,9223372036854775807,NULL}");
    }

    @Test
    @Promise(
            of = ParameterType.class,
            says = {
                "String that holds JSON.",
                "It is sent as text and cast by the server, so that no driver touches numbers."
            },
            lookAt = "a driver that parses JSON or encodes the text as a JSON string: bind it as plain text")
    void json() {
        Subject subject = opened();
        String number = "12345678901234567890.12345678901234567890";
        for (String document : List.of(
                "{\"n\": " + number + "}",
                "{\"big\": 123456789012345678901234567890}",
                "[]",
                "{}",
                "null",
                "true",
                "\"text with \\\"quotes\\\" and \\\\ \"",
                "{\"a\": \"" + Odd.UNICODE + "\", \"b\": [null, 1.50]}")) {
            Row row = subject.row(Sql.of("SELECT jsonb_typeof(:v) AS type, :v::text AS text")
                    .set("v", JSON, document)
                    .bound());
            assertThat(row.text("text")).as("JSON as the server has it").isEqualTo(document);
            assertThat(row.text("type")).isEqualTo(Odd.jsonType(document));
        }
    }

    @Test
    @Promise(
            of = Row.class,
            says = {
                CLASSES,
                "integer and smallint Integer",
                "double precision Double; text, varchar and enums String. SQL null is null."
            },
            lookAt = "the conversion of columns by their type: the driver's own choice may be another class")
    void columnsOfEveryType() {
        database().run("CREATE TYPE colour AS ENUM ('red', 'dark green')");
        Row row = opened().row(sql("""
                SELECT 1::bigint AS bigint, 2::integer AS integer, 3::smallint AS smallint, true AS boolean,
                       1.5::double precision AS double, 'text'::text AS text, 'varchar'::varchar(10) AS varchar,
                       'dark green'::colour AS enum, 'literal' AS literal, now() AS now,
                       NULL::bigint AS no_bigint, NULL::integer AS no_integer, NULL::boolean AS no_boolean,
                       NULL::double precision AS no_double, NULL::colour AS no_enum, NULL::text[] AS no_texts,
                       NULL::bigint[] AS no_bigints, NULL::timestamptz AS no_time
                """));
        assertThat(row.value("bigint")).isEqualTo(1L);
        assertThat(row.value("integer")).isEqualTo(2);
        assertThat(row.value("smallint")).isEqualTo(3);
        assertThat(row.value("boolean")).isEqualTo(true);
        assertThat(row.value("double")).isEqualTo(1.5);
        assertThat(row.value("text")).isEqualTo("text");
        assertThat(row.value("varchar")).isEqualTo("varchar");
        assertThat(row.value("enum")).isEqualTo("dark green");
        assertThat(row.value("literal")).isEqualTo("literal");
        assertThat(row.value("now")).isInstanceOf(Instant.class);
        assertThat(row.columnNames())
                .filteredOn(column -> column.startsWith("no_"))
                .hasSize(8)
                .allSatisfy(column -> assertThat(row.value(column)).as(column).isNull());
    }

    @Test
    @Promise(
            of = Row.class,
            says = CLASSES,
            lookAt = "columns whose type has another name in the driver, such as bigserial for a bigint with a"
                    + " sequence")
    void columnsWithSequences() {
        database().run("CREATE TABLE t (a bigserial, b serial, c smallserial, d bigint GENERATED ALWAYS AS IDENTITY)");
        Row row = opened().row(sql("INSERT INTO t DEFAULT VALUES RETURNING a, b, c, d"));
        assertThat(row.value("a")).isEqualTo(1L);
        assertThat(row.value("b")).isEqualTo(1);
        assertThat(row.value("c")).isEqualTo(1);
        assertThat(row.value("d")).isEqualTo(1L);
    }

    @Test
    @Promise(
            of = ParameterType.class,
            says = "Each allows null.",
            lookAt = "null arrays that become empty ones, and empty ones that become null")
    void nullArraysAreNotEmptyOnes() {
        Row row = opened().row(
                        Sql.of("SELECT :a IS NULL AS a, cardinality(:b) AS b, :c IS NULL AS c, cardinality(:d) AS d")
                                .set("a", TEXT_ARRAY, null)
                                .set("b", TEXT_ARRAY, List.of())
                                .set("c", BIGINT_ARRAY, null)
                                .set("d", BIGINT_ARRAY, List.of())
                                .bound());
        assertThat(row.bool("a")).isTrue();
        assertThat(row.integer("b")).isZero();
        assertThat(row.bool("c")).isTrue();
        assertThat(row.integer("d")).isZero();
    }

    @Test
    @Promise(
            of = Row.class,
            says = CLASSES,
            lookAt = "results after the first few executions: drivers switch to another wire format then")
    void staysTheSameWhenAStatementIsPrepared() {
        Subject subject = opened(settings().toBuilder().poolSize(1).build());
        Instant instant = Instant.parse("2024-02-29T23:59:59.999999Z");
        for (int time = 0; time < 12; time++) {
            Row row = subject.row(
                    Sql.of("SELECT :i AS i, :t AS t, :l AS l, :b AS b, 3::smallint AS s, 'infinity'::timestamptz AS f")
                            .set("i", INSTANT, instant)
                            .set("t", TEXT_ARRAY, Arrays.asList("a", null))
                            .set("l", BIGINT_ARRAY, Arrays.asList(1L, null))
                            .set("b", BIGINT, (long) time)
                            .bound());
            assertThat(row.value("i")).as("execution " + time).isEqualTo(instant);
            assertThat(row.value("t")).as("execution " + time).isEqualTo(Arrays.asList("a", null));
            assertThat(row.value("l")).as("execution " + time).isEqualTo(Arrays.asList(1L, null));
            assertThat(row.value("b")).as("execution " + time).isEqualTo((long) time);
            assertThat(row.value("s")).as("execution " + time).isEqualTo(3);
            assertThat(row.value("f")).as("execution " + time).isEqualTo(Instant.MAX);
        }
    }

    /** Sends a value, and checks what comes back, including its class, and what the server stored. */
    private void echoes(ParameterType type, Object value, @Nullable String inDatabase) {
        Subject subject = subject();
        assertThat(subject.row(Sql.echo(type, value)).value("v"))
                .as(type + " sent and read back")
                .isEqualTo(value);
        if (inDatabase != null) {
            String text = type == INSTANT ? "to_jsonb(:v AT TIME ZONE 'UTC') #>> '{}'" : ":v::text";
            String seen = subject.row(Sql.of("SELECT " + text + " AS v")
                            .set("v", type, value)
                            .bound())
                    .text("v");
            assertThat(type == INSTANT ? Instant.parse(seen + "Z").toString() : seen)
                    .as(type + " as the server has it")
                    .isEqualTo(type == INSTANT ? Instant.parse(inDatabase).toString() : inDatabase);
        }
    }

    private @Nullable Subject shared;

    private Subject subject() {
        Subject subject = shared;
        if (subject == null) {
            subject = opened();
            shared = subject;
        }
        return subject;
    }
}

package io.procrastinate.tck;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Connectors that send or read values wrongly, or misreport errors. */
class BrokenAnswersTest extends FaultsTest {

    @Override
    Stream<Fault> faults() {
        return Stream.of(
                type(
                        "shifts instants by the time zone of the JVM",
                        "instantsInAnyTimeZone",
                        "Instant, with microseconds",
                        reading("timestamptz", BrokenAnswersTest::shifted)),
                type(
                        "cuts microseconds off",
                        "instantsToTheMicrosecond",
                        "Instant, with microseconds",
                        reading(
                                "timestamptz",
                                value -> value instanceof Instant instant
                                                && instant.getEpochSecond() < 1L << 40
                                                && instant.isAfter(Instant.MIN)
                                        ? instant.truncatedTo(ChronoUnit.MILLIS)
                                        : value)),
                type(
                        "returns a far date for infinity",
                        "infinityIsTheEndOfTime",
                        "infinity is Instant.MAX",
                        reading(
                                "timestamptz",
                                value -> Instant.MAX.equals(value) ? Instant.parse("+294276-12-31T23:59:59Z") : value)),
                type(
                        "binds a far date for infinity",
                        "theEndOfTimeIsInfinity",
                        "Instant.MAX is infinity",
                        binding(
                                value -> Instant.MAX.equals(value) ? Instant.parse("+294276-12-31T23:59:59Z") : value,
                                ParameterType.INSTANT)),
                error(
                        "reports a deadline with a state of its own",
                        "aPassedDeadlineIsTransient",
                        "A statement that exceeds it fails with the SQLSTATE 57014",
                        failure -> SqlState.exception(
                                Sql.NAME,
                                "57014".equals(failure.getSQLState()) ? "57P01" : failure.getSQLState(),
                                failure.getMessage(),
                                null,
                                failure)),
                type(
                        "returns Integer for bigint",
                        "columnsOfEveryType",
                        "the class that belongs to the column's type",
                        reading("int8", value -> value instanceof Long number ? number.intValue() : value)),
                type(
                        "returns 0 for null",
                        "nullsOfEveryType",
                        "Each allows null.",
                        reading("int8", value -> value == null ? 0L : value)),
                type(
                        "loses null elements of arrays",
                        "bigintArrays",
                        "elements may be null",
                        reading("_int8", BrokenAnswersTest::withoutNulls)),
                type(
                        "treats the empty text as null",
                        "texts",
                        "String",
                        reading("text", value -> "".equals(value) ? null : value)),
                type(
                        "binds a null array as an empty one",
                        "nullArraysAreNotEmptyOnes",
                        "Each allows null.",
                        binding(value -> value == null ? List.of() : value, ParameterType.TEXT_ARRAY)),
                type(
                        "reads numbers in JSON as doubles",
                        "json",
                        "no driver touches numbers",
                        binding(BrokenAnswersTest::throughDouble, ParameterType.JSON)),
                Fault.of(
                        "cuts long texts",
                        ConnectorTck.Jobs.class,
                        "storesArgumentsUpToTheirLimits",
                        "its values can be stored",
                        reading(
                                "text",
                                value -> value instanceof String text && text.length() > 65_535
                                        ? text.substring(0, 65_535)
                                        : value)),
                Fault.of(
                        "sends bigints as integers",
                        ConnectorTck.Workers.class,
                        "whatIsToLastForEverDoes",
                        "mean for ever, and are capped at 100 years",
                        binding(
                                value -> value instanceof Long number ? number.intValue() : value,
                                ParameterType.BIGINT)),
                query(
                        "parses colons again",
                        "leavesLiteralsCommentsAndCastsAlone",
                        "Colons inside literals",
                        BrokenAnswersTest.ParsesColons::new),
                query(
                        "loses the order of rows",
                        "keepsTheOrderOfTenThousandRows",
                        "in the order in which the server sent them",
                        BrokenAnswersTest.Shuffles::new),
                Fault.of(
                        "turns the rows of events around",
                        ConnectorTck.Workers.class,
                        "tellsWhatBecameOfAJob",
                        "Returns the events of a job, in order; an empty list if there is no such job.",
                        settings -> new SmallConnector(settings) {
                            @Override
                            List<Row> run(BoundQuery query, Connection connection) throws SQLException {
                                List<Row> rows = new ArrayList<>(super.run(query, connection));
                                if (query.query().name().equals("job_events")) {
                                    Collections.reverse(rows);
                                }
                                return rows;
                            }
                        }),
                error(
                        "drops the constraint's name",
                        "uniqueViolationsNameTheConstraint",
                        "The name of the constraint",
                        failure -> SqlState.exception("x", failure.getSQLState(), failure.getMessage(), null, failure)),
                error(
                        "treats every error as transient",
                        "keepsTheSqlState",
                        "may succeed if it is tried again",
                        failure -> new ConnectorException(Sql.NAME, failure.getSQLState(), true, failure)),
                error(
                        "treats no error as transient",
                        "knowsWhatMayPassByItself",
                        "may succeed if it is tried again",
                        failure -> new ConnectorException(Sql.NAME, failure.getSQLState(), false, failure)),
                error(
                        "loses the SQLSTATE",
                        "keepsTheSqlState",
                        "The five-character SQLSTATE",
                        failure -> new ConnectorException(Sql.NAME, null, false, failure)),
                error(
                        "loses the cause and the query's name",
                        "saysWhatWasTriedAndWhatWasFound",
                        "The driver's own exception",
                        failure -> new ConnectorException("SQL error", failure.getSQLState(), false, null)));
    }

    private static Fault type(
            String name, String test, String sentence, Function<ConnectorSettings, Connector> connector) {
        return Fault.of(name, ConnectorTck.Types.class, test, sentence, connector);
    }

    private static Fault query(
            String name, String test, String sentence, Function<ConnectorSettings, Connector> connector) {
        return Fault.of(name, ConnectorTck.Queries.class, test, sentence, connector);
    }

    private static Fault error(
            String name, String test, String sentence, Function<SQLException, ConnectorException> translation) {
        return Fault.of(name, ConnectorTck.Errors.class, test, sentence, settings -> new SmallConnector(settings) {
            @Override
            ConnectorException failure(String attempt, SQLException failure) {
                return translation.apply(failure);
            }
        });
    }

    /** Changes every value of one column type. */
    private static Function<ConnectorSettings, Connector> reading(
            String column, Function<@Nullable Object, @Nullable Object> change) {
        return settings -> new SmallConnector(settings) {
            @Override
            @Nullable
            Object read(ResultSet result, int index, String type) throws SQLException {
                Object value = super.read(result, index, type);
                return type.equals(column) ? change.apply(value) : value;
            }
        };
    }

    /** Changes every value of one parameter type. */
    private static Function<ConnectorSettings, Connector> binding(
            Function<@Nullable Object, @Nullable Object> change, ParameterType changed) {
        return settings -> new SmallConnector(settings) {
            @Override
            void bind(PreparedStatement statement, int index, @Nullable ParameterType type, @Nullable Object value)
                    throws SQLException {
                super.bind(statement, index, type, type == changed ? change.apply(value) : value);
            }
        };
    }

    private static @Nullable Object shifted(@Nullable Object value) {
        if (!(value instanceof Instant instant)) {
            return value;
        }
        LocalDateTime local = LocalDateTime.ofInstant(instant, ZoneId.systemDefault());
        return Timestamp.valueOf(local).toLocalDateTime().toInstant(ZoneOffset.UTC);
    }

    private static @Nullable Object withoutNulls(@Nullable Object value) {
        return value instanceof List<?> list
                ? list.stream().filter(Objects::nonNull).toList()
                : value;
    }

    private static @Nullable Object throughDouble(@Nullable Object value) {
        return value instanceof String text
                ? java.util.regex.Pattern.compile("\\d{20,}(\\.\\d+)?")
                        .matcher(text)
                        .replaceAll(number -> Double.toString(Double.parseDouble(number.group())))
                : value;
    }

    /** Looks for parameters in SQL that has been rendered. */
    private static final class ParsesColons extends SmallConnector {
        ParsesColons(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        Query.Rendered rendered(BoundQuery query) {
            Query.Rendered rendered = super.rendered(query);
            return new Query.Rendered(rendered.sql().replaceAll("(?<!:):([a-z]+)", "?"), rendered.parameters());
        }
    }

    /** Collects rows in a set. */
    private static final class Shuffles extends SmallConnector {
        Shuffles(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        List<Row> rows(ResultSet result) throws SQLException {
            return List.copyOf(super.rows(result).stream().collect(Collectors.toSet()));
        }
    }
}

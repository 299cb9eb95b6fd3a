package io.procrastinate.connector.vertx;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import io.vertx.sqlclient.data.Numeric;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Converts values for the driver and back. */
final class Values {

    /** The earliest moment that PostgreSQL stores; the driver reads it as {@link OffsetDateTime#MIN}. */
    private static final Instant EARLIEST =
            LocalDateTime.of(-4713, 11, 24, 0, 0).toInstant(ZoneOffset.UTC);

    /** The end of the year 294276, after which PostgreSQL stores nothing but infinity. */
    private static final Instant LATEST =
            LocalDateTime.of(294277, 1, 1, 0, 0).toInstant(ZoneOffset.UTC).minus(1, ChronoUnit.MICROS);

    private Values() {}

    /** The parameters of a query, in the order of its numbers. */
    static Tuple bind(BoundQuery bound) {
        Query.Rendered rendered = bound.query().numbered();
        Map<String, ParameterType> types = bound.query().parameters();
        Tuple tuple = Tuple.tuple();
        for (String parameter : rendered.parameters()) {
            ParameterType type = types.get(parameter);
            tuple.addValue(type == null ? null : bind(bound, type, bound.value(parameter)));
        }
        return tuple;
    }

    private static @Nullable Object bind(BoundQuery bound, ParameterType type, @Nullable Object value) {
        if (value == null) {
            return null;
        }
        return switch (type) {
            case BIGINT, INTEGER, BOOLEAN, TEXT, JSON -> value;
            case INSTANT -> moment(bound, (Instant) value);
            case TEXT_ARRAY -> ((List<?>) value).toArray(String[]::new);
            case BIGINT_ARRAY -> ((List<?>) value).toArray(Long[]::new);
        };
    }

    /** The driver would send a moment out of range, minus infinity included, as some other moment. */
    private static OffsetDateTime moment(BoundQuery bound, Instant value) {
        if (value.equals(Instant.MAX)) {
            return OffsetDateTime.MAX;
        }
        if (value.isBefore(EARLIEST) || value.isAfter(LATEST)) {
            throw SqlState.exception(
                    "query " + bound, "22008", "the moment " + value + " is out of PostgreSQL's range", null, null);
        }
        return value.atOffset(ZoneOffset.UTC);
    }

    /** The rows of a result, each value in the class that {@link Row} promises. */
    static List<Row> read(RowSet<io.vertx.sqlclient.Row> result) {
        List<String> names = result.columnsNames();
        if (names == null || result.size() == 0) {
            return List.of();
        }
        Row.Columns columns = Row.columns(names);
        List<Row> rows = new ArrayList<>(result.size());
        for (io.vertx.sqlclient.Row row : result) {
            @Nullable Object[] values = new @Nullable Object[names.size()];
            for (int index = 0; index < values.length; index++) {
                values[index] = read(row.getValue(index));
            }
            rows.add(columns.row(values));
        }
        return Collections.unmodifiableList(rows);
    }

    private static @Nullable Object read(@Nullable Object value) {
        if (value instanceof Short number) {
            return number.intValue();
        }
        if (value instanceof OffsetDateTime moment) {
            return moment(moment);
        }
        if (value instanceof String[] || value instanceof Long[]) {
            return Collections.unmodifiableList(Arrays.asList((Object[]) value));
        }
        if (value instanceof Numeric number) {
            return number.isNaN() ? Double.valueOf(Double.NaN) : number.bigDecimalValue();
        }
        return value;
    }

    /** Infinity is the driver's greatest moment; minus infinity comes as a year that PostgreSQL cannot store. */
    private static Instant moment(OffsetDateTime value) {
        if (value.equals(OffsetDateTime.MAX)) {
            return Instant.MAX;
        }
        if (value.equals(OffsetDateTime.MIN)) {
            return EARLIEST;
        }
        Instant moment = value.toInstant();
        return moment.isBefore(EARLIEST) ? Instant.MIN : moment;
    }
}

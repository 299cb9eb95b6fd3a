package io.procrastinate.connector.r2dbc;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.r2dbc.postgresql.codec.PostgresqlObjectId;
import io.r2dbc.spi.ColumnMetadata;
import io.r2dbc.spi.Parameters;
import io.r2dbc.spi.RowMetadata;
import io.r2dbc.spi.Statement;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Converts values for the driver and back. */
final class Values {

    /** The earliest moment that PostgreSQL stores. */
    private static final Instant EARLIEST =
            LocalDateTime.of(-4713, 11, 24, 0, 0).toInstant(ZoneOffset.UTC);

    /** The end of the year 294276, after which PostgreSQL stores nothing but infinity. */
    private static final Instant LATEST =
            LocalDateTime.of(294277, 1, 1, 0, 0).toInstant(ZoneOffset.UTC).minus(1, ChronoUnit.MICROS);

    private Values() {}

    /** Binds the parameters of a query in the order of its numbers. */
    static void bind(BoundQuery bound, Statement statement) {
        Query.Rendered rendered = bound.query().numbered();
        Map<String, ParameterType> types = bound.query().parameters();
        int index = 0;
        for (String parameter : rendered.parameters()) {
            ParameterType type = types.get(parameter);
            if (type == null) {
                throw new IllegalStateException("The query " + bound + " has no parameter " + parameter);
            }
            bind(bound, statement, index++, type, bound.value(parameter));
        }
    }

    /** Nulls have the type that values have, so that the server's plan is the same. */
    private static void bind(
            BoundQuery bound, Statement statement, int index, ParameterType type, @Nullable Object value) {
        switch (type) {
            case BIGINT -> bind(statement, index, PostgresqlObjectId.INT8, value);
            case INTEGER -> bind(statement, index, PostgresqlObjectId.INT4, value);
            case BOOLEAN -> bind(statement, index, PostgresqlObjectId.BOOL, value);
            case TEXT, JSON -> bind(statement, index, PostgresqlObjectId.VARCHAR, value);
            case INSTANT ->
                bind(statement, index, PostgresqlObjectId.VARCHAR, value == null ? null : text(bound, (Instant) value));
            case TEXT_ARRAY ->
                bind(
                        statement,
                        index,
                        PostgresqlObjectId.VARCHAR_ARRAY,
                        value == null ? null : ((List<?>) value).toArray(String[]::new));
            case BIGINT_ARRAY ->
                bind(
                        statement,
                        index,
                        PostgresqlObjectId.INT8_ARRAY,
                        value == null ? null : ((List<?>) value).toArray(Long[]::new));
        }
    }

    private static void bind(Statement statement, int index, PostgresqlObjectId type, @Nullable Object value) {
        if (value == null) {
            statement.bind(index, Parameters.in(type));
        } else {
            statement.bind(index, value);
        }
    }

    /** As text, which the statement casts: the driver rounds moments, and reads those out of range as infinity. */
    private static String text(BoundQuery bound, Instant value) {
        if (value.equals(Instant.MAX)) {
            return "infinity";
        }
        if (value.isBefore(EARLIEST) || value.isAfter(LATEST)) {
            throw SqlState.exception(
                    "query " + bound, "22008", "the moment " + value + " is out of PostgreSQL's range", null, null);
        }
        LocalDateTime time = LocalDateTime.ofInstant(value, ZoneOffset.UTC);
        int year = time.getYear();
        return String.format(
                Locale.ROOT,
                "%04d-%02d-%02d %02d:%02d:%02d.%06d+00%s",
                year > 0 ? year : 1 - year,
                time.getMonthValue(),
                time.getDayOfMonth(),
                time.getHour(),
                time.getMinute(),
                time.getSecond(),
                time.getNano() / 1000,
                year > 0 ? "" : " BC");
    }

    /** The columns of a row's result. */
    static Row.Columns columns(io.r2dbc.spi.Row row) {
        return Row.columns(row.getMetadata().getColumnMetadatas().stream()
                .map(ColumnMetadata::getName)
                .toList());
    }

    /** A row's values, each in the class that {@link Row} promises. */
    static @Nullable Object[] read(io.r2dbc.spi.Row row) {
        RowMetadata metadata = row.getMetadata();
        @Nullable
        Object[] values = new @Nullable Object[metadata.getColumnMetadatas().size()];
        for (int index = 0; index < values.length; index++) {
            values[index] = read(row, index, metadata.getColumnMetadata(index));
        }
        return values;
    }

    private static @Nullable Object read(io.r2dbc.spi.Row row, int index, ColumnMetadata column) {
        // Of a type that is not built in the driver knows the text alone.
        if (!(column.getNativeTypeMetadata() instanceof Integer oid) || !PostgresqlObjectId.isValid(oid)) {
            return row.get(index, String.class);
        }
        PostgresqlObjectId type = PostgresqlObjectId.valueOf(oid);
        return switch (type) {
            case INT8 -> row.get(index, Long.class);
            case INT4, INT2 -> row.get(index, Integer.class);
            case BOOL -> row.get(index, Boolean.class);
            case FLOAT8 -> row.get(index, Double.class);
            case FLOAT4 -> row.get(index, Float.class);
            case NUMERIC -> number(row.get(index, String.class));
            case TIMESTAMPTZ -> moment(row.get(index, OffsetDateTime.class));
            case TEXT_ARRAY, VARCHAR_ARRAY, NAME_ARRAY, BPCHAR_ARRAY -> list(row.get(index, String[].class));
            case INT8_ARRAY -> list(row.get(index, Long[].class));
            default -> row.get(index, String.class);
        };
    }

    private static @Nullable Object number(@Nullable String value) {
        if (value == null) {
            return null;
        }
        return value.equals("NaN") ? (Object) Double.NaN : new BigDecimal(value);
    }

    private static @Nullable List<?> list(Object @Nullable [] value) {
        return value == null ? null : Collections.unmodifiableList(Arrays.asList(value));
    }

    private static @Nullable Instant moment(@Nullable OffsetDateTime value) {
        if (value == null) {
            return null;
        }
        if (value.getYear() > 294276) {
            return Instant.MAX;
        }
        return value.getYear() < -4713 ? Instant.MIN : value.toInstant();
    }
}

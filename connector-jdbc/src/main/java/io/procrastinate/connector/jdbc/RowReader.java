package io.procrastinate.connector.jdbc;

import io.procrastinate.connector.Row;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads rows with the classes that {@link Row} promises. Thread-safe. */
final class RowReader {

    /** PostgreSQL stores times from 4713 BC to 294276 AD; any other time from a driver means infinity. */
    private static final int FIRST_YEAR = -4713;

    private static final int LAST_YEAR = 294276;

    private final JdbcDialect dialect;

    RowReader(JdbcDialect dialect) {
        this.dialect = dialect;
    }

    List<Row> rows(ResultSet result) throws SQLException {
        ResultSetMetaData metaData = result.getMetaData();
        int count = metaData.getColumnCount();
        List<String> names = new ArrayList<>(count);
        int[] types = new int[count];
        for (int index = 0; index < count; index++) {
            names.add(metaData.getColumnLabel(index + 1));
            types[index] = metaData.getColumnType(index + 1);
        }
        Row.Columns columns = Row.columns(names);
        List<Row> rows = new ArrayList<>();
        while (result.next()) {
            @Nullable Object[] values = new @Nullable Object[count];
            for (int index = 0; index < count; index++) {
                values[index] = value(result, index + 1, types[index]);
            }
            rows.add(columns.row(values));
        }
        return rows;
    }

    private @Nullable Object value(ResultSet result, int column, int type) throws SQLException {
        Object value = switch (type) {
            case Types.BIGINT -> result.getLong(column);
            case Types.INTEGER, Types.SMALLINT -> result.getInt(column);
            case Types.BOOLEAN, Types.BIT -> result.getBoolean(column);
            case Types.DOUBLE -> result.getDouble(column);
            case Types.TIMESTAMP, Types.TIMESTAMP_WITH_TIMEZONE -> instant(dialect.readTime(result, column));
            case Types.ARRAY -> list(dialect.readArray(result, column));
            default -> result.getString(column);
        };
        return result.wasNull() ? null : value;
    }

    private static @Nullable List<@Nullable Object> list(@Nullable Object @Nullable [] elements) {
        return elements == null ? null : Collections.unmodifiableList(Arrays.asList(elements));
    }

    private static @Nullable Instant instant(@Nullable OffsetDateTime time) {
        if (time == null) {
            return null;
        }
        if (time.getYear() > LAST_YEAR) {
            return Instant.MAX;
        }
        return time.getYear() < FIRST_YEAR ? Instant.MIN : time.toInstant();
    }
}

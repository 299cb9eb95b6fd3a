package com.example.acme;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.UnreplicatedCommit;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Statements on a connection that the caller manages, with values as the contract requires. */
final class Jdbc {

    /** How much longer than the server the client waits: a server that has vanished stops no statement. */
    private static final Duration GRACE = Duration.ofSeconds(2);

    /** Years beyond PostgreSQL's range mean infinity. */
    private static final int FIRST_YEAR = -4713;

    private static final int LAST_YEAR = 294276;

    private static final Logger LOGGER = System.getLogger(Jdbc.class.getName());

    private Jdbc() {}

    /** Ignores failures: a connection that cannot be closed is unusable anyway. */
    static void closeQuietly(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            LOGGER.log(Level.DEBUG, "A connection could not be given back", e);
        }
    }

    static List<Row> execute(Connection connection, BoundQuery query, Duration deadline) throws SQLException {
        Query.Rendered rendered = query.query().positional();
        return within(deadline, connection, seconds -> {
            try (PreparedStatement statement = connection.prepareStatement(rendered.sql())) {
                statement.setQueryTimeout(seconds);
                int index = 0;
                for (String parameter : rendered.parameters()) {
                    index++;
                    bind(statement, index, query.query().parameters().get(parameter), query.value(parameter));
                }
                List<Row> rows = statement.execute() ? rows(statement.getResultSet()) : List.of();
                requireReplicated(statement.getWarnings());
                return rows;
            }
        });
    }

    /** Cancelling a commit that waits for a standby ends the wait, not the commit, and causes a warning. */
    private static void requireReplicated(@Nullable SQLWarning warning) throws SQLException {
        if (warning != null && UnreplicatedCommit.isMeantBy(warning.getSQLState(), null, warning.getMessage())) {
            throw new SQLException(UnreplicatedCommit.REASON, SqlState.COMPLETION_UNKNOWN, warning);
        }
    }

    static void runScript(Connection connection, String sql, Duration deadline) throws SQLException {
        within(deadline, connection, seconds -> {
            try (Statement statement = connection.createStatement()) {
                statement.setEscapeProcessing(false);
                statement.setQueryTimeout(seconds);
                statement.execute(sql);
                return List.of();
            }
        });
    }

    /** A statement with a limit in whole seconds. */
    private interface Limited {
        List<Row> run(int seconds) throws SQLException;
    }

    private static List<Row> within(Duration deadline, Connection connection, Limited statement) throws SQLException {
        int seconds = (int) Math.max(1, deadline.plusMillis(999).toSeconds());
        int before = connection.getNetworkTimeout();
        connection.setNetworkTimeout(
                Runnable::run, (int) GRACE.plusSeconds(seconds).toMillis());
        try {
            return statement.run(seconds);
        } finally {
            if (!connection.isClosed()) {
                connection.setNetworkTimeout(Runnable::run, before);
            }
        }
    }

    /** The placeholder casts the value, so that a null of any type means the same. */
    private static void bind(
            PreparedStatement statement, int index, @Nullable ParameterType type, @Nullable Object value)
            throws SQLException {
        if (Instant.MAX.equals(value) || Instant.MIN.equals(value)) {
            statement.setString(index, Instant.MAX.equals(value) ? "infinity" : "-infinity");
        } else if (value instanceof Instant instant) {
            // To microseconds, as the server stores them: drivers round.
            statement.setObject(index, instant.truncatedTo(ChronoUnit.MICROS).atOffset(ZoneOffset.UTC));
        } else if (value instanceof List<?> list) {
            String element = type == ParameterType.TEXT_ARRAY ? "text" : "bigint";
            statement.setArray(index, statement.getConnection().createArrayOf(element, list.toArray()));
        } else {
            statement.setObject(index, value);
        }
    }

    private static List<Row> rows(ResultSet result) throws SQLException {
        ResultSetMetaData meta = result.getMetaData();
        List<String> names = new ArrayList<>();
        for (int column = 1; column <= meta.getColumnCount(); column++) {
            names.add(meta.getColumnLabel(column));
        }
        Row.Columns columns = Row.columns(names);
        List<Row> rows = new ArrayList<>();
        while (result.next()) {
            List<@Nullable Object> values = new ArrayList<>();
            for (int column = 1; column <= names.size(); column++) {
                Object value = read(result, column, meta.getColumnType(column));
                values.add(result.wasNull() ? null : value);
            }
            rows.add(columns.row(values.toArray()));
        }
        return rows;
    }

    private static @Nullable Object read(ResultSet result, int column, int type) throws SQLException {
        return switch (type) {
            case Types.BIGINT -> result.getLong(column);
            case Types.INTEGER, Types.SMALLINT -> result.getInt(column);
            case Types.BOOLEAN, Types.BIT -> result.getBoolean(column);
            case Types.DOUBLE -> result.getDouble(column);
            case Types.TIMESTAMP, Types.TIMESTAMP_WITH_TIMEZONE ->
                instant(result.getObject(column, OffsetDateTime.class));
            case Types.ARRAY -> list(result.getArray(column));
            default -> result.getString(column);
        };
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

    private static @Nullable List<?> list(@Nullable Array array) throws SQLException {
        return array == null ? null : Arrays.asList((Object[]) array.getArray());
    }
}

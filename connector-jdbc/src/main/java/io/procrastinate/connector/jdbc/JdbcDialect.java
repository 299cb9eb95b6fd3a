package io.procrastinate.connector.jdbc;

import io.procrastinate.annotation.Internal;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.SqlState;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Types;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How JDBC drivers for PostgreSQL differ. The defaults follow the JDBC specification. Where a method throws an
 * {@link SQLException}, the statement that it serves fails with it. Implementations are thread-safe.
 */
public interface JdbcDialect {

    /** The JDBC specification, without anything about a particular driver. */
    JdbcDialect STANDARD = new JdbcDialect() {};

    /**
     * The first quoted name of a unique violation's message, in the quotation marks of the server's translations.
     *
     * @hidden
     */
    @Internal
    Pattern QUOTED_NAME = Pattern.compile("[\"«„“]([^\"«»„“”]+)[\"»“”]");

    /** Sets up a statement before it is executed, such as how the server is to prepare it. */
    default void setUp(PreparedStatement statement) throws SQLException {
        // JDBC has no such setting.
    }

    /** Binds a value, of the class that its type names or null. The placeholder carries a cast to the type. */
    default void bind(PreparedStatement statement, int index, ParameterType type, @Nullable Object value)
            throws SQLException {
        if (value == null) {
            statement.setNull(index, jdbcType(type));
            return;
        }
        switch (type) {
            case BIGINT -> statement.setLong(index, (Long) value);
            case INTEGER -> statement.setInt(index, (Integer) value);
            case BOOLEAN -> statement.setBoolean(index, (Boolean) value);
            case TEXT, JSON -> statement.setString(index, (String) value);
            case INSTANT -> bindInstant(statement, index, (Instant) value);
            case TEXT_ARRAY -> bindArray(statement, index, "text", (List<?>) value);
            case BIGINT_ARRAY -> bindArray(statement, index, "int8", (List<?>) value);
        }
    }

    /** Binds an instant with microseconds; the greatest and the smallest mean the server's infinities. */
    default void bindInstant(PreparedStatement statement, int index, Instant value) throws SQLException {
        if (value.equals(Instant.MAX)) {
            statement.setString(index, "infinity");
        } else if (value.equals(Instant.MIN)) {
            statement.setString(index, "-infinity");
        } else {
            statement.setObject(index, value.atOffset(ZoneOffset.UTC));
        }
    }

    /** Reads an array whose elements are null or of the class that belongs to the array's type. */
    default @Nullable Object @Nullable [] readArray(ResultSet result, int column) throws SQLException {
        Array array = result.getArray(column);
        return array == null ? null : (@Nullable Object[]) array.getArray();
    }

    /** Reads a point in time; infinities as any time beyond the server's range. */
    default @Nullable OffsetDateTime readTime(ResultSet result, int column) throws SQLException {
        return result.getObject(column, OffsetDateTime.class);
    }

    /**
     * The SQLSTATE of a failure, else of its nearest cause that has one (pools wrap the driver's), or null if none has.
     */
    default @Nullable String sqlState(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException e && e.getSQLState() != null) {
                return e.getSQLState();
            }
        }
        return null;
    }

    /** The constraint that a unique violation names, or null if it is unknown. */
    default @Nullable String constraint(SQLException failure) {
        String message = failure.getMessage();
        Matcher name = QUOTED_NAME.matcher(message == null ? "" : message);
        return name.find() ? name.group(1) : null;
    }

    /** The routine of the server that sent a warning, or null if the driver does not report it. */
    default @Nullable String routine(SQLWarning warning) {
        return null;
    }

    /** Whether a failure made the connection unusable. */
    default boolean isLost(Connection connection, Throwable failure) {
        String state = sqlState(failure);
        if (state != null && (state.startsWith("08") || state.startsWith("57P") || state.equals(SqlState.READ_ONLY))) {
            return true;
        }
        // A pool's wrapper stays open while it is borrowed, whatever happened to the connection in it.
        return isClosed(connection) || isClosed(wrapped(connection));
    }

    /**
     * Whether the driver always uses server-side prepared statements, so that the connector must refuse to work without
     * them.
     */
    default boolean alwaysPrepares() {
        return false;
    }

    /**
     * Whether a connection keeps failing with a prepared statement that DDL has made stale, instead of preparing it
     * again.
     */
    default boolean keepsStaleStatements() {
        return false;
    }

    /**
     * Whether the driver clears the interrupt of a thread that waits for the server, so that its calls need threads of
     * their own.
     */
    default boolean swallowsInterrupts() {
        return false;
    }

    private static boolean isClosed(Connection connection) {
        try {
            return connection.isClosed();
        } catch (SQLException e) {
            // A connection that cannot even answer this is unusable.
            return true;
        }
    }

    /** Returns the connection in a wrapper; a wrapper that does not unwrap stands for itself. */
    private static Connection wrapped(Connection connection) {
        try {
            return connection.unwrap(Connection.class);
        } catch (SQLException e) {
            return connection;
        }
    }

    private static void bindArray(PreparedStatement statement, int index, String elementType, List<?> elements)
            throws SQLException {
        Array array = statement.getConnection().createArrayOf(elementType, elements.toArray());
        try {
            statement.setArray(index, array);
        } finally {
            array.free();
        }
    }

    private static int jdbcType(ParameterType type) {
        return switch (type) {
            case BIGINT -> Types.BIGINT;
            case INTEGER -> Types.INTEGER;
            case BOOLEAN -> Types.BOOLEAN;
            case TEXT, JSON -> Types.VARCHAR;
            case INSTANT -> Types.TIMESTAMP_WITH_TIMEZONE;
            case TEXT_ARRAY, BIGINT_ARRAY -> Types.ARRAY;
        };
    }
}

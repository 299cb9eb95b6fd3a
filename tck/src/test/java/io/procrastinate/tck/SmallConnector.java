package io.procrastinate.tck;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.ParameterSupport;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.StartupRefusal;
import io.procrastinate.driver.UnreplicatedCommit;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * The smallest connector that keeps the contract, written only for the kit's own tests: each broken connector changes
 * one method of it.
 */
class SmallConnector implements SyncConnector {

    static final ParameterSupport SUPPORT = ParameterSupport.NONE.with("keepalives");

    final ConnectorSettings settings;
    private @Nullable SmallPool pool;

    SmallConnector(ConnectorSettings settings) {
        this.settings = settings;
    }

    @Override
    public String name() {
        return "small";
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public boolean accepts(Object given) {
        return given instanceof DataSource;
    }

    @Override
    public ParameterSupport parameterSupport() {
        return SUPPORT;
    }

    @Override
    public synchronized boolean isOpen() {
        return pool != null;
    }

    @Override
    public synchronized void open(@Nullable Object given) {
        if (pool != null) {
            return;
        }
        if (given != null && !accepts(given)) {
            throw ConnectorException.refusal("The connector 'small' takes a javax.sql.DataSource as its pool, not a "
                    + given.getClass().getName());
        }
        SmallPool opening = new SmallPool(settings, (DataSource) given);
        Connection first = take(opening);
        opening.giveBack(first);
        pool = opening;
    }

    private static Connection take(SmallPool pool) {
        try {
            return pool.take();
        } catch (SQLException e) {
            pool.close();
            throw StartupRefusal.exception(
                    "Connecting to " + pool.target(), pool.settings(), e.getSQLState(), e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        SmallPool closing;
        synchronized (this) {
            closing = pool;
            pool = null;
        }
        if (closing != null) {
            closing.close();
        }
    }

    synchronized SmallPool pool() {
        SmallPool open = pool;
        if (open == null) {
            throw new AppNotOpenException("The connector 'small' is not open. Call app.open() first.");
        }
        return open;
    }

    Connection borrow() {
        try {
            return pool().take();
        } catch (SQLException e) {
            throw failure("Taking a connection", e);
        }
    }

    void giveBack(Connection connection) {
        SmallPool open;
        synchronized (this) {
            open = pool;
        }
        if (open == null) {
            SmallPool.discard(connection);
        } else {
            open.giveBack(connection);
        }
    }

    @Override
    public List<Row> execute(BoundQuery query) {
        Connection connection = borrow();
        try {
            return run(query, connection);
        } catch (SQLException e) {
            if (isSpent(e)) {
                SmallPool.abort(connection);
            }
            throw failure("Query " + query, e);
        } finally {
            giveBack(connection);
        }
    }

    boolean isSpent(SQLException failure) {
        return SqlState.READ_ONLY.equals(failure.getSQLState());
    }

    @Override
    public List<Row> execute(BoundQuery query, Object connection) {
        if (!(connection instanceof Connection joined)) {
            throw ConnectorException.refusal("The connector 'small' joins a java.sql.Connection, not a "
                    + connection.getClass().getName());
        }
        try {
            return run(query, joined);
        } catch (SQLException e) {
            throw failure("Query " + query, e);
        }
    }

    List<Row> run(BoundQuery query, Connection connection) throws SQLException {
        Query.Rendered rendered = rendered(query);
        int before = connection.getNetworkTimeout();
        Duration limit = deadline(query);
        connection.setNetworkTimeout(Runnable::run, (int) limit.plusSeconds(3).toMillis());
        try (PreparedStatement statement = connection.prepareStatement(rendered.sql())) {
            statement.setQueryTimeout((int) Math.max(1, limit.plusMillis(999).toSeconds()));
            List<@Nullable Object> values = query.values(rendered);
            for (int index = 0; index < values.size(); index++) {
                ParameterType type =
                        query.query().parameters().get(rendered.parameters().get(index));
                bind(statement, index + 1, type, values.get(index));
            }
            List<Row> rows = statement.execute() ? rows(statement.getResultSet()) : List.of();
            requireReplicated(statement);
            return rows;
        } finally {
            if (!connection.isClosed()) {
                connection.setNetworkTimeout(Runnable::run, before);
            }
        }
    }

    void requireReplicated(Statement statement) throws SQLException {
        SQLWarning warning = statement.getWarnings();
        if (warning != null && UnreplicatedCommit.isMeantBy(warning.getSQLState(), null, warning.getMessage())) {
            throw new SQLException(UnreplicatedCommit.REASON, SqlState.COMPLETION_UNKNOWN, warning);
        }
    }

    Query.Rendered rendered(BoundQuery query) {
        return query.query().positional();
    }

    Duration deadline(BoundQuery query) {
        return query.deadline(settings);
    }

    void bind(PreparedStatement statement, int index, @Nullable ParameterType type, @Nullable Object value)
            throws SQLException {
        if (value == null) {
            statement.setNull(index, type == ParameterType.TEXT ? Types.VARCHAR : Types.NULL);
        } else if (Instant.MAX.equals(value)) {
            statement.setString(index, "infinity");
        } else if (Instant.MIN.equals(value)) {
            statement.setString(index, "-infinity");
        } else if (value instanceof Instant instant) {
            statement.setObject(index, instant.atOffset(ZoneOffset.UTC));
        } else if (value instanceof List<?> list) {
            String element = type == ParameterType.TEXT_ARRAY ? "text" : "bigint";
            statement.setArray(index, statement.getConnection().createArrayOf(element, list.toArray()));
        } else {
            statement.setObject(index, value);
        }
    }

    List<Row> rows(ResultSet result) throws SQLException {
        ResultSetMetaData meta = result.getMetaData();
        List<String> names = new ArrayList<>();
        for (int index = 1; index <= meta.getColumnCount(); index++) {
            names.add(meta.getColumnLabel(index));
        }
        Row.Columns columns = Row.columns(names);
        List<Row> rows = new ArrayList<>();
        while (result.next()) {
            @Nullable Object[] values = new @Nullable Object[names.size()];
            for (int index = 0; index < values.length; index++) {
                values[index] = read(result, index + 1, meta.getColumnTypeName(index + 1));
            }
            rows.add(columns.row(values));
        }
        return rows;
    }

    @Nullable
    Object read(ResultSet result, int index, String type) throws SQLException {
        Object value = switch (type) {
            case "int8", "bigserial" -> result.getLong(index);
            case "int2", "int4", "serial", "smallserial" -> result.getInt(index);
            case "bool" -> result.getBoolean(index);
            case "float8" -> result.getDouble(index);
            case "timestamptz" -> instant(result.getObject(index, OffsetDateTime.class));
            case "_text", "_int8" -> list(result.getArray(index));
            default -> result.getString(index);
        };
        return result.wasNull() ? null : value;
    }

    static @Nullable Instant instant(@Nullable OffsetDateTime time) {
        if (time == null) {
            return null;
        }
        return time.equals(OffsetDateTime.MAX)
                ? Instant.MAX
                : time.equals(OffsetDateTime.MIN) ? Instant.MIN : time.toInstant();
    }

    private static @Nullable List<?> list(@Nullable Array array) throws SQLException {
        return array == null ? null : Arrays.asList((Object[]) array.getArray());
    }

    @Override
    public void runScript(String sql) {
        Connection connection = borrow();
        try (Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.setEscapeProcessing(false);
            statement.setQueryTimeout((int)
                    Math.max(1, settings.statementTimeout().plusMillis(999).toSeconds()));
            statement.execute(sql);
            connection.commit();
        } catch (SQLException e) {
            throw failure("The script", e);
        } finally {
            SmallPool.reset(connection);
            giveBack(connection);
        }
    }

    @Override
    public ListenSession listen(Collection<String> channels) {
        SmallPool open = pool();
        boolean borrows = open.given() != null && settings.listenUrl() == null;
        try {
            return new SmallSession(
                    borrows ? open.takeToKeep(sparesOne()) : SmallPool.connect(settings.forListening()), channels);
        } catch (SQLException e) {
            throw failure("Listening", e);
        }
    }

    @Override
    public ReservedConnection reserve() {
        return new SmallReservation(this);
    }

    /** Whether a connection is kept only if the application's pool has another one. */
    boolean sparesOne() {
        return true;
    }

    ConnectorException failure(String attempt, SQLException failure) {
        return translated(attempt, failure);
    }

    static ConnectorException translated(String attempt, SQLException failure) {
        ServerErrorMessage server = failure instanceof PSQLException known ? known.getServerErrorMessage() : null;
        return SqlState.exception(
                attempt,
                failure.getSQLState(),
                failure.getMessage(),
                server == null ? null : server.getConstraint(),
                failure);
    }
}

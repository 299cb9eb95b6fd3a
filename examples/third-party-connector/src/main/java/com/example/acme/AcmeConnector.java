package com.example.acme;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Reaches PostgreSQL through the application's {@link DataSource}, whatever its driver, and joins its
 * {@link Connection}s.
 *
 * <p>Two capabilities are absent: without knowing a driver it can neither make connections of its own
 * ({@link Capability#OWN_POOL}) nor receive notifications ({@link Capability#LISTEN}).
 */
public final class AcmeConnector implements SyncConnector {

    static final String NAME = "acme";

    /** The server's message quotes the constraint: JDBC itself has no place for its name. */
    private static final Pattern QUOTED = Pattern.compile("\"([^\"]+)\"");

    private final ConnectorSettings settings;
    private final Set<AcmeReservation> reservations = ConcurrentHashMap.newKeySet();
    private @Nullable DataSource pool;

    AcmeConnector(ConnectorSettings settings) {
        this.settings = settings;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.complementOf(EnumSet.of(Capability.OWN_POOL, Capability.LISTEN));
    }

    @Override
    public boolean accepts(Object given) {
        return given instanceof DataSource;
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
        if (!(given instanceof DataSource dataSource)) {
            throw refusal("opens no pool of its own. Open it with a javax.sql.DataSource, not with "
                    + (given == null ? "nothing" : "a " + given.getClass().getName()));
        }
        try (Connection first = dataSource.getConnection()) {
            Jdbc.runScript(first, "SELECT 1", settings.connectTimeout());
        } catch (SQLException e) {
            throw failure("Opening the connector '" + NAME + "'", e);
        }
        pool = dataSource;
    }

    /** The pool belongs to the application, and stays open. */
    @Override
    public void close() {
        synchronized (this) {
            pool = null;
        }
        reservations.forEach(AcmeReservation::giveBackIfIdle);
    }

    synchronized DataSource pool() {
        if (pool == null) {
            throw new AppNotOpenException("The connector '" + NAME + "' is not open. Call app.open(dataSource) first.");
        }
        return pool;
    }

    @Override
    public List<Row> execute(BoundQuery query) {
        return onPool("Query " + query, connection -> Jdbc.execute(connection, query, query.deadline(settings)));
    }

    @Override
    public List<Row> execute(BoundQuery query, Object connection) {
        if (!(connection instanceof Connection callers)) {
            throw refusal("joins a java.sql.Connection, not a "
                    + connection.getClass().getName());
        }
        return execute(query, callers, false);
    }

    List<Row> execute(BoundQuery query, Connection connection, boolean commits) {
        try {
            List<Row> rows = Jdbc.execute(connection, query, query.deadline(settings));
            if (commits && !connection.getAutoCommit()) {
                connection.commit();
            }
            return rows;
        } catch (SQLException e) {
            throw failure("Query " + query, e);
        }
    }

    @Override
    public ReservedConnection reserve() {
        AcmeReservation reservation = new AcmeReservation(this);
        reservations.add(reservation);
        return reservation;
    }

    void ended(AcmeReservation reservation) {
        reservations.remove(reservation);
    }

    @Override
    public void runScript(String sql) {
        onPool("The script", connection -> {
            connection.setAutoCommit(false);
            Jdbc.runScript(connection, sql, settings.statementTimeout());
            return List.of();
        });
    }

    /** Something to do on a connection of the pool. */
    private interface Work {
        List<Row> on(Connection connection) throws SQLException;
    }

    private List<Row> onPool(String attempt, Work work) {
        try (Connection connection = pool().getConnection()) {
            boolean autoCommit = connection.getAutoCommit();
            try {
                List<Row> rows = work.on(connection);
                if (!connection.getAutoCommit()) {
                    connection.commit();
                }
                return rows;
            } finally {
                giveBack(connection, autoCommit);
            }
        } catch (SQLException e) {
            throw failure(attempt, e);
        }
    }

    /** Restores the connection: anything not committed by now has failed. */
    private static void giveBack(Connection connection, boolean autoCommit) throws SQLException {
        if (!connection.isClosed() && !connection.getAutoCommit()) {
            connection.rollback();
            connection.setAutoCommit(autoCommit);
        }
    }

    @Override
    public ListenSession listen(Collection<String> channels) {
        throw refusal("does not listen for notifications: JDBC has no call for it. Workers poll");
    }

    /** A permanent failure, not to be tried again. */
    ConnectorException refusal(String why) {
        return ConnectorException.refusal("The connector '" + NAME + "' " + why);
    }

    ConnectorException failure(String attempt, SQLException failure) {
        String state = failure.getSQLState();
        String constraint = null;
        if (SqlState.UNIQUE_VIOLATION.equals(state)) {
            Matcher quoted = QUOTED.matcher(failure.getMessage());
            constraint = quoted.find() ? quoted.group(1) : null;
        }
        return SqlState.exception(attempt, state, failure.getMessage(), constraint, failure);
    }
}

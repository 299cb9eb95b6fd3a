package io.procrastinate.connector.jdbc;

import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The application's pool. It lends connections for keeping only while it has others to spare. Thread-safe. */
final class ApplicationPool implements ConnectionPool {

    private final CallThreads threads = new CallThreads("procrastinate-spare");
    private final ConnectionPool pool;
    private final @Nullable Integer size;
    private final Duration patience;
    private final List<Connection> kept = new ArrayList<>();
    /** The most connections that were seen in use at the same time. */
    private int proven = 1;

    /**
     * @param size how many connections it gives at most, or null if that is unknown
     * @param patience how long to wait for the extra connection that proves that there are more
     */
    ApplicationPool(ConnectionPool pool, @Nullable Integer size, Duration patience) {
        this.pool = pool;
        this.size = size;
        this.patience = patience;
    }

    /** How many connections the pool gives at most, or null if that is unknown. */
    @Nullable
    Integer size() {
        return size;
    }

    @Override
    public Connection borrow() throws SQLException {
        return pool.borrow();
    }

    @Override
    public Connection borrowToKeep() throws SQLException {
        int others = others();
        if (size != null && size < others + 2) {
            throw ConnectorException.refusal(tooSmall("has " + size, others));
        }
        Connection connection = pool.borrow();
        try {
            if (size == null && proven() < others + 2) {
                prove(others);
            }
        } catch (SQLException | RuntimeException e) {
            Quietly.close(connection);
            throw e;
        }
        synchronized (this) {
            kept.add(connection);
        }
        return connection;
    }

    @Override
    public synchronized void leaves(Connection connection) {
        kept.remove(connection);
    }

    private synchronized int others() {
        kept.removeIf(ApplicationPool::isBack);
        return kept.size();
    }

    private static boolean isBack(Connection connection) {
        try {
            return connection.isClosed();
        } catch (SQLException e) {
            return true; // whatever the failure is, the connection is of no more use
        }
    }

    private synchronized int proven() {
        return proven;
    }

    /** A pool of unknown size proves by giving one more connection that keeping these does not exhaust it. */
    private void prove(int others) throws SQLException {
        try {
            Quietly.close(threads.call(patience, pool::borrow, Quietly::close));
        } catch (TimeoutException | SQLException e) {
            throw new SQLTransientConnectionException(
                    tooSmall("gave no more than " + (others + 1) + " within " + patience, others), e);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new SQLException("The application's pool failed: " + e, e);
        }
        synchronized (this) {
            proven = Math.max(proven, others + 2);
        }
    }

    private static String tooSmall(String found, int others) {
        return "the application's pool is too small, or full: it " + found + " of the " + (others + 2)
                + " connections that are needed here. A worker keeps one to stay alive, and one more while it listens;"
                + " at least one must be left for other statements. Give it more connections, or let the worker listen"
                + " elsewhere (listenUrl) or not at all (listenNotify(false))";
    }

    @Override
    public void discard(Connection connection) {
        pool.discard(connection);
    }

    @Override
    public void close() {
        pool.close();
    }
}

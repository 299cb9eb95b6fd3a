package io.procrastinate.connector.dbcp;

import io.procrastinate.connector.jdbc.CallThreads;
import io.procrastinate.connector.jdbc.ConnectionPool;
import io.procrastinate.connector.jdbc.Quietly;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.apache.commons.dbcp2.BasicDataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lends the connections of the application's pool, but none that the server has already ended, and does not wait for ever for a
 * pool that does.
 */
final class DbcpPool implements ConnectionPool {

    private static final Logger LOGGER = LoggerFactory.getLogger(DbcpPool.class);

    /** A connection that was lent so recently is not looked at: looking takes a millisecond. */
    private static final Duration TRUSTED = Duration.ofMillis(50);

    private static final int LOOK_MILLIS = 1;

    private final CallThreads threads = new CallThreads("procrastinate-dbcp-borrow");
    private final BasicDataSource pool;
    private final Duration patience;
    private final LongSupplier nanoTime;

    /** When each of the driver's connections was last lent. */
    private final Map<PGConnection, Long> lent = Collections.synchronizedMap(new WeakHashMap<>());

    /**
     * @param patience how long to wait for a connection
     * @param nanoTime the clock, as {@link System#nanoTime()}
     */
    DbcpPool(BasicDataSource pool, Duration patience, LongSupplier nanoTime) {
        this.pool = pool;
        this.patience = patience;
        this.nanoTime = nanoTime;
    }

    @Override
    public Connection borrow() throws SQLException {
        Borrowing borrowing = new Borrowing();
        try {
            return threads.call(patience, borrowing, Quietly::close);
        } catch (TimeoutException e) {
            borrowing.giveUp();
            throw new SQLTransientConnectionException(
                    "the application's pool (maxTotal " + pool.getMaxTotal() + ", " + pool.getNumActive()
                            + " in use) gave no connection within " + patience,
                    e);
        } catch (SQLException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new SQLException("The application's pool failed: " + e, e);
        }
    }

    private Connection alive() throws SQLException {
        // Every idle connection may have been ended; the one after those is new.
        for (int idle = pool.getNumIdle(); idle > 0; idle--) {
            Connection connection = pool.getConnection();
            if (isAlive(connection)) {
                return connection;
            }
            discard(connection);
        }
        return pool.getConnection();
    }

    private boolean isAlive(Connection connection) {
        try {
            if (pool.getTestOnBorrow() || !connection.isWrapperFor(PGConnection.class)) {
                return true;
            }
            PGConnection driver = connection.unwrap(PGConnection.class);
            long now = nanoTime.getAsLong();
            Long before = lent.put(driver, now);
            if (before == null || now - before > TRUSTED.toNanos()) {
                lookForFarewell(driver);
            }
            return true;
        } catch (SQLException e) {
            LOGGER.debug("Replacing a connection that the server has ended", e);
            return false;
        }
    }

    /**
     * Fails where the connection has ended, with a word of the server's or without one. The driver only looks at what arrives,
     * so that this costs no round trip; and since nothing has been sent, taking another connection instead repeats nothing.
     */
    private static void lookForFarewell(PGConnection driver) throws SQLException {
        driver.getNotifications(LOOK_MILLIS);
    }

    @Override
    public void discard(Connection connection) {
        Quietly.abort(connection);
    }

    @Override
    public void close() {
        // The application opened the pool, and the application closes it.
    }

    /** A call of the pool, which may let its callers wait for ever: so does one without {@code maxWait}. */
    private final class Borrowing implements Callable<Connection> {

        private @Nullable Thread caller;
        private boolean givenUp;

        @Override
        public Connection call() throws SQLException {
            synchronized (this) {
                if (givenUp) {
                    throw new SQLTransientConnectionException("nobody waits for the connection any more");
                }
                caller = Thread.currentThread();
            }
            try {
                return alive();
            } finally {
                synchronized (this) {
                    caller = null;
                    Thread.interrupted(); // the interrupt was meant for this call only
                }
            }
        }

        /** Ends the wait for the pool, or its thread would stay there, and one more with each caller that gives up. */
        synchronized void giveUp() {
            givenUp = true;
            if (caller != null) {
                caller.interrupt();
            }
        }
    }
}

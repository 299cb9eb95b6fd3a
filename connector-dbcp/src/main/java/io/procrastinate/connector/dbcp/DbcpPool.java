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
 * Lends the connections of the application's pool, but none that the server has already ended, and limits the wait even
 * if the pool waits for ever.
 */
final class DbcpPool implements ConnectionPool {

    private static final Logger LOGGER = LoggerFactory.getLogger(DbcpPool.class);

    /** A connection that was lent this recently is not checked: the check takes a millisecond. */
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
        // All idle connections may have ended; the one after those is new.
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
     * Fails if the connection has ended, with or without a message from the server. The driver only looks at what has
     * arrived, so this costs no round trip; and since nothing has been sent, taking another connection repeats nothing.
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

    /** A call of the pool, which may block for ever, as a pool without {@code maxWait} does. */
    private final class Borrowing implements Callable<Connection> {

        private @Nullable Thread caller;
        private boolean givenUp;

        @Override
        public Connection call() throws SQLException {
            synchronized (this) {
                if (givenUp) {
                    throw new SQLTransientConnectionException("the connection is no longer awaited");
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

        /** Ends the wait for the pool; otherwise each caller that gives up would leave a blocked thread behind. */
        synchronized void giveUp() {
            givenUp = true;
            if (caller != null) {
                caller.interrupt();
            }
        }
    }
}

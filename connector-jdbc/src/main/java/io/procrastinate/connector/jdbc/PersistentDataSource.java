package io.procrastinate.connector.jdbc;

import io.procrastinate.driver.Backoff;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Tries to connect until it succeeds or is closed. HikariCP pauses up to five seconds after a failed attempt, and
 * offers no setting for that; it sees neither the failures of this one nor the URL and password. Thread-safe.
 */
final class PersistentDataSource implements DataSource, AutoCloseable {

    private static final Backoff BACKOFF = new Backoff(Duration.ofMillis(50), Duration.ofSeconds(1));

    private final ConnectionFactory driver;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile @Nullable SQLException lastFailure;
    private volatile int loginTimeout;

    PersistentDataSource(ConnectionFactory driver) {
        this.driver = driver;
    }

    @Override
    public Connection getConnection() throws SQLException {
        for (int failures = 1; ; failures++) {
            try {
                Connection connection = driver.connect();
                lastFailure = null;
                return connection;
            } catch (SQLException e) {
                lastFailure = e;
                if (isClosedWithin(BACKOFF.after(failures))) {
                    throw e;
                }
            }
        }
    }

    private boolean isClosedWithin(Duration pause) {
        try {
            return closed.await(pause.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            // The pool interrupts its threads when it closes.
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /** Why there is no connection, or null if the last attempt succeeded. */
    @Nullable
    SQLException lastFailure() {
        return lastFailure;
    }

    boolean isClosed() {
        return closed.getCount() == 0;
    }

    @Override
    public void close() {
        closed.countDown();
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        throw new SQLFeatureNotSupportedException("The user comes from the connector's settings");
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
        return null;
    }

    @Override
    public void setLogWriter(@Nullable PrintWriter writer) {
        // Drivers log in ways of their own.
    }

    @Override
    public void setLoginTimeout(int seconds) {
        // The factory obeys the connector's settings; the pool reads this value back to know how long a connection may
        // take.
        loginTimeout = seconds;
    }

    @Override
    public int getLoginTimeout() {
        return loginTimeout;
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        throw new SQLFeatureNotSupportedException("Drivers log in ways of their own");
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        throw new SQLException("Wraps nothing");
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return false;
    }
}

package io.procrastinate.tck;

import io.procrastinate.connector.ConnectorSettings;
import java.io.PrintWriter;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The application's pool for connectors that take a {@link DataSource}: opens a connection for each call, up to a limit
 * that it does not report, until it is closed. Thread-safe.
 */
public final class ApplicationDataSource implements DataSource, AutoCloseable {

    private final DataSource source;
    private final Semaphore places;
    private final Duration patience;
    private volatile boolean closed;

    ApplicationDataSource(ConnectorSettings settings) {
        this(dataSource(settings), settings);
    }

    /** A pool over another driver's connections, as large as the settings say. */
    public ApplicationDataSource(DataSource source, ConnectorSettings settings) {
        this.source = source;
        this.places = new Semaphore(settings.poolSize(), true);
        this.patience = settings.connectTimeout();
    }

    private static DataSource dataSource(ConnectorSettings settings) {
        try {
            return TestDatabase.dataSource(settings);
        } catch (SQLException e) {
            throw new IllegalStateException("The settings do not suit pgjdbc", e);
        }
    }

    @Override
    public Connection getConnection() throws SQLException {
        requireOpen();
        takePlace();
        Connection connection = null;
        try {
            connection = source.getConnection();
            return Lent.of(connection, places);
        } finally {
            if (connection == null) {
                places.release();
            }
        }
    }

    private void takePlace() throws SQLException {
        try {
            if (!places.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new SQLTransientConnectionException(
                        "This pool belongs to the application, and all its connections are in use");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLTransientConnectionException("Interrupted while waiting for the application's pool", e);
        }
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        throw new SQLFeatureNotSupportedException("The user is the application's");
    }

    private void requireOpen() throws SQLException {
        if (closed) {
            throw new SQLException("This pool belongs to the application, and has been closed");
        }
    }

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
        return null;
    }

    @Override
    public void setLogWriter(PrintWriter out) {
        // Nothing is written.
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        source.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return source.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        throw new SQLFeatureNotSupportedException("This data source does not log");
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return type.isInstance(this) ? type.cast(this) : source.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return type.isInstance(this) || source.isWrapperFor(type);
    }

    /** A connection that frees its place in the pool when it is closed. */
    private static final class Lent implements InvocationHandler {

        private final Connection connection;
        private final Semaphore places;
        private final AtomicBoolean back = new AtomicBoolean();

        private Lent(Connection connection, Semaphore places) {
            this.connection = connection;
            this.places = places;
        }

        static Connection of(Connection connection, Semaphore places) {
            return (Connection) Proxy.newProxyInstance(
                    Lent.class.getClassLoader(), new Class<?>[] {Connection.class}, new Lent(connection, places));
        }

        @Override
        public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] arguments)
                throws Throwable {
            boolean ends = method.getName().equals("close") || method.getName().equals("abort");
            try {
                return method.invoke(connection, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause() == null ? e : e.getCause();
            } finally {
                if (ends && back.compareAndSet(false, true)) {
                    places.release();
                }
            }
        }
    }
}

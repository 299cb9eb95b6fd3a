package io.procrastinate.tck;

import io.procrastinate.connector.ConnectorSettings;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/** The application's pool for connectors that take a {@link DataSource}: opens a connection each time, until it is closed. */
final class ApplicationDataSource implements DataSource, AutoCloseable {

    private final PGSimpleDataSource source;
    private volatile boolean closed;

    ApplicationDataSource(ConnectorSettings settings) {
        try {
            this.source = TestDatabase.dataSource(settings);
        } catch (SQLException e) {
            throw new IllegalStateException("The settings do not suit pgjdbc", e);
        }
    }

    @Override
    public Connection getConnection() throws SQLException {
        requireOpen();
        return source.getConnection();
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        requireOpen();
        return source.getConnection(user, password);
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
}

package io.procrastinate.connector.jdbc;

import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Makes a connection for every borrower, counts those that were not returned, and behaves as some pools do. */
final class RecordingDataSource implements DataSource {

    private final DataSource dataSource;
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger aborted = new AtomicInteger();
    private volatile boolean autoCommit = true;
    private volatile int lastNetworkTimeout = -1;
    private volatile boolean unwraps = true;
    private volatile boolean interruptsNext;
    private volatile @Nullable Error nextError;
    private volatile boolean sawInterrupt;

    RecordingDataSource(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    int open() {
        return open.get();
    }

    void autoCommit(boolean on) {
        autoCommit = on;
    }

    /** Makes its connections refuse to unwrap. */
    void keepWrapped() {
        unwraps = false;
    }

    /** Interrupts the next borrower and throws, as pools do while a thread waits in them. */
    void interruptNextBorrower() {
        interruptsNext = true;
    }

    /** Makes the next statement fail with an error. */
    void failNext(Error error) {
        nextError = error;
    }

    /** Whether a thread was interrupted when it had a statement prepared. */
    boolean sawInterrupt() {
        return sawInterrupt;
    }

    /** How many connections were aborted. */
    int aborted() {
        return aborted.get();
    }

    /** The network time-out that the last connection had when it was given back. */
    int lastNetworkTimeout() {
        return lastNetworkTimeout;
    }

    @Override
    public Connection getConnection() throws SQLException {
        if (interruptsNext) {
            interruptsNext = false;
            Thread.currentThread().interrupt();
            throw new SQLException("interrupted", new InterruptedException());
        }
        Connection connection = dataSource.getConnection();
        connection.setAutoCommit(autoCommit);
        open.incrementAndGet();
        return (Connection) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("close")) {
                        open.decrementAndGet();
                        lastNetworkTimeout = connection.isClosed() ? -1 : connection.getNetworkTimeout();
                    }
                    before(method.getName());
                    try {
                        return method.invoke(connection, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getTargetException();
                    }
                });
    }

    private void before(String method) throws SQLException {
        Error error = nextError;
        switch (method) {
            case "unwrap" -> {
                if (!unwraps) {
                    throw new SQLException("This pool does not unwrap");
                }
            }
            case "abort" -> aborted.incrementAndGet();
            case "prepareStatement" -> {
                sawInterrupt |= Thread.currentThread().isInterrupted();
                if (error != null) {
                    nextError = null;
                    throw error;
                }
            }
            default -> {
                // as the connection does
            }
        }
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        return dataSource.getConnection(user, password);
    }

    @Override
    public @Nullable PrintWriter getLogWriter() throws SQLException {
        return dataSource.getLogWriter();
    }

    @Override
    public void setLogWriter(@Nullable PrintWriter writer) throws SQLException {
        dataSource.setLogWriter(writer);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        dataSource.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return dataSource.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getGlobal();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return dataSource.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return dataSource.isWrapperFor(type);
    }
}

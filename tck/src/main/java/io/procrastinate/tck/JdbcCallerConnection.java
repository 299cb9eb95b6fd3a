package io.procrastinate.tck;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/** A {@link CallerConnection} for connectors that join a {@code java.sql.Connection}. */
public final class JdbcCallerConnection implements CallerConnection {

    private final Connection connection;

    /** Takes a connection over and switches its auto-commit off. */
    public JdbcCallerConnection(Connection connection) {
        this.connection = connection;
        done(() -> connection.setAutoCommit(false));
    }

    @Override
    public Object connection() {
        return connection;
    }

    @Override
    public void run(String sql) {
        done(() -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        });
    }

    @Override
    public @Nullable String ask(String sql) {
        return got(() -> {
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery(sql)) {
                if (!rows.next()) {
                    throw new IllegalStateException("No row for " + sql);
                }
                return rows.getString(1);
            }
        });
    }

    @Override
    public void commit() {
        done(connection::commit);
    }

    @Override
    public void rollback() {
        done(connection::rollback);
    }

    @Override
    public String clientSettings() {
        return got(() -> "autoCommit=" + connection.getAutoCommit() + ", readOnly=" + connection.isReadOnly()
                + ", isolation=" + connection.getTransactionIsolation() + ", networkTimeout="
                + connection.getNetworkTimeout() + ", schema=" + connection.getSchema());
    }

    @Override
    public void close() {
        done(() -> {
            if (!connection.isClosed() && !connection.getAutoCommit()) {
                rollBackIfAlive();
            }
            connection.close();
        });
    }

    private void rollBackIfAlive() throws SQLException {
        try {
            connection.rollback();
        } catch (SQLException e) {
            // A driver may notice only now that the test has ended the connection, and the transaction with it.
            if (connection.isValid(5)) {
                throw e;
            }
        }
    }

    private static void done(Action action) {
        try {
            action.run();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    private static <T extends @Nullable Object> T got(Question<T> question) {
        try {
            return question.answer();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    private static IllegalStateException failed(SQLException cause) {
        return new IllegalStateException("The caller's connection failed: " + cause.getMessage(), cause);
    }

    @FunctionalInterface
    private interface Action {
        void run() throws SQLException;
    }

    @FunctionalInterface
    private interface Question<T extends @Nullable Object> {
        T answer() throws SQLException;
    }
}

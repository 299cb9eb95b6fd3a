package io.procrastinate.connector.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes calls on connections of a pool: borrows, commits, limits, gives back. Thread-safe. */
final class PooledCalls {

    /**
     * Failures of statements that the server refused before it ran them, and that it takes when they come again: a plan that
     * no longer fits after DDL, and a prepared statement that a pooler has lost.
     */
    private static final Set<String> STALE_STATEMENT = Set.of("0A000", "26000");

    /** So much later than the server should have stopped a statement, the connection is taken for dead. */
    private static final Duration GRACE = Duration.ofSeconds(2);

    private final JdbcDialect dialect;
    private final Failures failures;

    PooledCalls(JdbcDialect dialect, Failures failures) {
        this.dialect = dialect;
        this.failures = failures;
    }

    /** What is done with a connection. */
    @FunctionalInterface
    interface Call<T> {
        T on(Connection connection) throws SQLException;
    }

    /**
     * Calls and commits. An interrupt of the thread neither stops the call nor gets lost: pools and sockets would break off,
     * and leave the caller in doubt whether the statement was done.
     */
    <T> T call(ConnectionPool pool, String attempt, Duration deadline, Call<T> call) {
        boolean interrupted = Thread.interrupted();
        try {
            Connection connection = borrow(pool, attempt);
            return onConnection(pool, connection, attempt, deadline, call);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private Connection borrow(ConnectionPool pool, String attempt) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return pool.borrow();
                } catch (SQLException e) {
                    if (!(e.getCause() instanceof InterruptedException)) {
                        throw e;
                    }
                    interrupted = true;
                    Thread.interrupted();
                }
            }
        } catch (SQLException | RuntimeException e) {
            throw failures.translate(attempt, e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private <T> T onConnection(
            ConnectionPool pool, Connection connection, String attempt, Duration deadline, Call<T> call) {
        boolean lost = false;
        NetworkLimit limit = null;
        try {
            limit = NetworkLimit.set(
                    connection,
                    Duration.ofSeconds(StatementRunner.seconds(deadline)).plus(GRACE));
            return committed(connection, call);
        } catch (SQLException | RuntimeException e) {
            lost = dialect.isLost(connection, e);
            throw failures.translate(attempt, e, lost);
        } finally {
            if (lost) {
                pool.discard(connection);
            } else {
                giveBack(connection, limit);
            }
        }
    }

    private <T> T committed(Connection connection, Call<T> call) throws SQLException {
        try {
            return once(connection, call);
        } catch (SQLException e) {
            String state = dialect.sqlState(e);
            if (state == null || !STALE_STATEMENT.contains(state) || connection.isClosed()) {
                throw e;
            }
            return once(connection, call);
        }
    }

    private static <T> T once(Connection connection, Call<T> call) throws SQLException {
        if (connection.getAutoCommit()) {
            return call.on(connection);
        }
        try {
            T result = call.on(connection);
            connection.commit();
            return result;
        } catch (SQLException | RuntimeException e) {
            rollBack(connection, e);
            throw e;
        }
    }

    /** Makes a call one transaction, whatever the connection's mode. */
    static <T> Call<T> inTransaction(Call<T> call) {
        return connection -> {
            boolean autoCommit = connection.getAutoCommit();
            connection.setAutoCommit(false);
            try {
                T result = call.on(connection);
                connection.commit();
                return result;
            } catch (SQLException | RuntimeException e) {
                rollBack(connection, e);
                throw e;
            } finally {
                if (!connection.isClosed()) {
                    connection.setAutoCommit(autoCommit);
                }
            }
        };
    }

    /** Ends a failed transaction. When even that fails, the first failure is the one to report. */
    private static void rollBack(Connection connection, Exception failure) {
        try {
            connection.rollback();
        } catch (SQLException | RuntimeException e) {
            failure.addSuppressed(e);
            Quietly.abort(connection);
        }
    }

    private static void giveBack(Connection connection, @Nullable NetworkLimit limit) {
        if (limit != null) {
            limit.restore(connection);
        }
        Quietly.close(connection);
    }
}

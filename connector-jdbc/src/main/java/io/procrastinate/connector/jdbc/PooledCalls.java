package io.procrastinate.connector.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;

/** Makes calls on connections of a pool: borrows, commits, limits, gives back. Thread-safe. */
final class PooledCalls {

    /**
     * Failures of statements that the server refused before running them, and accepts when they are sent again: a plan
     * that no longer fits after DDL, and a prepared statement that a pooler has lost.
     */
    private static final Set<String> STALE_STATEMENT = Set.of("0A000", "26000");

    /** How long after the server should have stopped a statement the connection counts as dead. */
    private static final Duration GRACE = Duration.ofSeconds(2);

    private final JdbcDialect dialect;
    private final Failures failures;
    private final Commits commits;

    PooledCalls(JdbcDialect dialect, Failures failures) {
        this.dialect = dialect;
        this.failures = failures;
        this.commits = new Commits(dialect);
    }

    /** A call on a connection. */
    @FunctionalInterface
    interface Call<T> {
        T on(Connection connection) throws SQLException;

        /** The call to make instead after the driver sent a statement that the server no longer accepts. */
        default Call<T> preparedAgain() {
            return this;
        }
    }

    /** Calls and commits. An interrupt of the thread neither stops the call nor is lost. */
    <T> T call(ConnectionPool pool, String attempt, Duration deadline, Call<T> call) {
        HeldInterrupt interrupt = new HeldInterrupt();
        try {
            Connection connection = borrow(pool, attempt, interrupt);
            return onConnection(pool, connection, attempt, deadline, call);
        } finally {
            interrupt.release();
        }
    }

    private Connection borrow(ConnectionPool pool, String attempt, HeldInterrupt interrupt) {
        try {
            while (true) {
                try {
                    return pool.borrow();
                } catch (SQLException e) {
                    if (!(e.getCause() instanceof InterruptedException)) {
                        throw e;
                    }
                    interrupt.keep();
                }
            }
        } catch (Exception e) {
            // Not only SQLException: some drivers throw undeclared exceptions.
            throw failures.translate(attempt, e);
        }
    }

    private <T> T onConnection(
            ConnectionPool pool, Connection connection, String attempt, Duration deadline, Call<T> call) {
        // After an Error the state of the protocol between driver and server is unknown.
        boolean lost = true;
        NetworkLimit limit = null;
        try {
            limit = NetworkLimit.set(
                    connection,
                    Duration.ofSeconds(StatementRunner.seconds(deadline)).plus(GRACE));
            T result = once(connection, call);
            lost = false;
            return result;
        } catch (Exception e) {
            lost = dialect.isLost(connection, e);
            if (lost || !isStale(e)) {
                throw failures.translate(attempt, e, lost);
            }
            lost = true;
            try {
                T result = once(connection, call.preparedAgain());
                lost = dialect.keepsStaleStatements();
                return result;
            } catch (Exception again) {
                boolean lostNow = dialect.isLost(connection, again);
                lost = lostNow || dialect.keepsStaleStatements();
                throw failures.translate(attempt, again, lostNow);
            }
        } finally {
            if (lost) {
                pool.discard(connection);
            } else {
                if (limit != null) {
                    limit.restore(connection);
                }
                pool.giveBack(connection);
            }
        }
    }

    private boolean isStale(Exception failure) {
        String state = dialect.sqlState(failure);
        return state != null && STALE_STATEMENT.contains(state);
    }

    private <T> T once(Connection connection, Call<T> call) throws SQLException {
        if (connection.getAutoCommit()) {
            return call.on(connection);
        }
        try {
            T result = call.on(connection);
            commits.commit(connection);
            return result;
        } catch (Exception e) {
            rollBack(connection, e);
            throw e;
        }
    }

    /** Wraps a call in one transaction, whatever the connection's mode. */
    <T> Call<T> inTransaction(Call<T> call) {
        return connection -> {
            boolean autoCommit = connection.getAutoCommit();
            connection.setAutoCommit(false);
            try {
                T result = call.on(connection);
                commits.commit(connection);
                return result;
            } catch (Exception e) {
                rollBack(connection, e);
                throw e;
            } finally {
                if (!connection.isClosed()) {
                    connection.setAutoCommit(autoCommit);
                }
            }
        };
    }

    /** Ends a failed transaction. If even that fails, the first failure is reported. */
    private static void rollBack(Connection connection, Exception failure) {
        try {
            connection.rollback();
        } catch (SQLException | RuntimeException e) {
            failure.addSuppressed(e);
            Quietly.abort(connection);
        }
    }
}

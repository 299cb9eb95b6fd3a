package io.procrastinate.connector.jdbc;

import io.procrastinate.annotation.Internal;
import io.procrastinate.driver.BlockingThreads;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pooled connection that is kept for long and returned in its original state: a pool that gets back a cut connection
 * logs a fault with a stack trace. Thread-safe.
 *
 * @hidden
 */
@Internal
public final class KeptConnection {

    /** How long the server may take to undo what was done on the connection before it is thrown away. */
    private static final Duration LIMIT = Duration.ofSeconds(2);

    private static final ThreadFactory THREADS = BlockingThreads.daemons("procrastinate-give-back");

    private static final Logger LOGGER = LoggerFactory.getLogger(KeptConnection.class);

    private final CallThreads calls = new CallThreads("procrastinate-return");
    private final ConnectionPool pool;
    private final Connection connection;
    private final boolean autoCommit;
    private final @Nullable NetworkLimit before;
    private final CompletableFuture<Boolean> gone = new CompletableFuture<>();

    /**
     * Remembers the connection's state, switches on auto-commit, and limits its socket.
     *
     * @param pool the pool that lent the connection
     * @throws SQLException if the connection is unusable; it has been thrown away then
     */
    public KeptConnection(ConnectionPool pool, Connection connection, Duration limit) throws SQLException {
        this.pool = pool;
        this.connection = connection;
        try {
            this.autoCommit = connection.getAutoCommit();
            this.before = NetworkLimit.set(connection, limit);
            connection.setAutoCommit(true);
        } catch (SQLException | RuntimeException e) {
            pool.discard(connection);
            throw e;
        }
    }

    /** The connection. */
    public Connection connection() {
        return connection;
    }

    /**
     * Starts returning the connection, without waiting for that.
     *
     * @param undo the statement that undoes on the server what was done on the connection
     * @param use the lock that is held while the connection is used
     */
    public void giveBack(String undo, Lock use) {
        pool.leaves(connection);
        THREADS.newThread(() -> {
                    use.lock();
                    try {
                        restore(undo);
                    } finally {
                        use.unlock();
                        gone.complete(true);
                    }
                })
                .start();
    }

    private void restore(String undo) {
        try {
            calls.call(LIMIT, () -> {
                try (Statement statement = connection.createStatement()) {
                    statement.execute(undo);
                }
                connection.setAutoCommit(autoCommit);
                return true;
            });
        } catch (Exception e) {
            LOGGER.debug("A connection could not be given back as it was borrowed", e);
            pool.discard(connection);
            return;
        }
        if (before != null) {
            before.restore(connection);
        }
        Quietly.close(connection);
    }

    /** Throws the connection away: it is broken or no longer in its original state. */
    public void discard() {
        pool.discard(connection);
        gone.complete(false);
    }

    /** Completes with true when the connection is back, with false when it was thrown away. */
    public CompletableFuture<Boolean> gone() {
        return gone;
    }
}

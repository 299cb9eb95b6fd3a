package io.procrastinate.tck;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A connection for one purpose, lent in turns. */
class SmallReservation implements ReservedConnection {

    final SmallConnector connector;
    private final ReentrantLock turn = new ReentrantLock(true);
    private volatile boolean closed;
    private @Nullable SmallPool source;
    private @Nullable Connection kept;

    SmallReservation(SmallConnector connector) {
        this.connector = connector;
    }

    @Override
    public CompletionStage<List<Row>> execute(BoundQuery query) {
        turn.lock();
        try {
            return CompletableFuture.completedFuture(run(query, usable()));
        } catch (SQLException e) {
            if (connector.isSpent(e)) {
                end();
            }
            return CompletableFuture.failedFuture(connector.failure("Query " + query, e));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        } finally {
            turn.unlock();
            endIfUnwanted();
        }
    }

    List<Row> run(BoundQuery query, Connection connection) throws SQLException {
        return connector.run(query, connection);
    }

    private Connection usable() throws SQLException {
        if (closed) {
            throw ConnectorException.refusal("The reserved connection was closed");
        }
        SmallPool pool = connector.pool();
        Connection connection = kept;
        if (connection == null || source != pool || isLost(connection)) {
            end();
            connection = pool.takeToKeep(connector.sparesOne());
            source = pool;
            kept = connection;
        }
        return connection;
    }

    boolean isLost(Connection connection) {
        return !SmallPool.isAlive(connection);
    }

    void end() {
        if (kept != null && source != null) {
            source.forget(kept);
            kept = null;
        }
    }

    /** Returns the connection immediately, or when the running statement has ended. */
    @Override
    public void close() {
        closed = true;
        endIfUnwanted();
    }

    private void endIfUnwanted() {
        if (closed && turn.tryLock()) {
            try {
                end();
            } finally {
                turn.unlock();
            }
        }
    }
}

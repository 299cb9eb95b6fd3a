package com.example.acme;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * One connection of the application's pool, which is kept until this is closed, and lent to one statement at a time.
 */
final class AcmeReservation implements ReservedConnection {

    private final AcmeConnector connector;
    private final ReentrantLock turn = new ReentrantLock(true);
    private volatile boolean closed;
    private @Nullable DataSource source;
    private @Nullable Connection kept;

    AcmeReservation(AcmeConnector connector) {
        this.connector = connector;
    }

    @Override
    public CompletionStage<List<Row>> execute(BoundQuery query) {
        turn.lock();
        try {
            return CompletableFuture.completedFuture(connector.execute(query, usable(), true));
        } catch (SQLException e) {
            return CompletableFuture.failedFuture(connector.failure("Taking a connection to keep", e));
        } catch (ConnectorException e) {
            if (mayBeLost(e)) {
                giveBack();
            }
            return CompletableFuture.failedFuture(e);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        } finally {
            turn.unlock();
            giveBackIfIdle(); // afterwards: a close meanwhile leaves the connection to the statement whose turn it is
        }
    }

    private Connection usable() throws SQLException {
        if (closed) {
            throw connector.refusal("has closed this reserved connection");
        }
        DataSource pool = connector.pool();
        Connection connection = kept;
        if (connection == null || source != pool) {
            giveBack();
            connection = pool.getConnection();
            // A pool of one would have none left for other statements, which this shows immediately.
            try (Connection another = pool.getConnection()) {
                another.clearWarnings();
            } catch (SQLException e) {
                connection.close();
                throw new SQLException(
                        "the pool gave no second connection: it is too small, or full. One is kept, and at least one more"
                                + " is needed",
                        e);
            }
            source = pool;
            kept = connection;
        }
        return connection;
    }

    private static boolean mayBeLost(ConnectorException failure) {
        String state = failure.sqlState();
        return state == null || state.startsWith("08") || state.startsWith("57P") || state.equals(SqlState.READ_ONLY);
    }

    /** Returns the connection immediately, or when the running statement has ended. */
    @Override
    public void close() {
        closed = true;
        connector.ended(this);
        giveBackIfIdle();
    }

    void giveBackIfIdle() {
        if ((closed || !connector.isOpen()) && turn.tryLock()) {
            try {
                giveBack();
            } finally {
                turn.unlock();
            }
        }
    }

    private void giveBack() {
        Connection ending = kept;
        kept = null;
        if (ending != null) {
            Jdbc.closeQuietly(ending);
        }
    }
}

package io.procrastinate.connector.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of the connector's pool, kept for one purpose and lent in turns, first come, first served.
 * Thread-safe.
 */
final class Reservation implements ConnectionPool {

    private static final Logger LOGGER = LoggerFactory.getLogger(Reservation.class);

    /** A connection that was idle for longer is checked before it is lent. */
    private static final long TRUSTED_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final Duration SIGN_OF_LIFE = Duration.ofSeconds(2);

    private final Supplier<@Nullable ConnectionPool> open;
    private final Duration patience;
    private final Semaphore turn = new Semaphore(1, true);
    private volatile boolean closed;
    // Written only by the thread whose turn it is.
    private volatile @Nullable Connection connection;
    private volatile @Nullable ConnectionPool source;
    private long idleSince;

    /**
     * @param open the connector's pool, or null while it is closed
     * @param patience how long to wait for the turn
     */
    Reservation(Supplier<@Nullable ConnectionPool> open, Duration patience) {
        this.open = open;
        this.patience = patience;
    }

    @Override
    public Connection borrow() throws SQLException {
        try {
            if (!turn.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new SQLTransientConnectionException(
                        "the reserved connection was still busy with earlier statements after " + patience);
            }
        } catch (InterruptedException e) {
            throw new SQLTransientConnectionException("interrupted while waiting for the reserved connection", e);
        }
        Connection lent = null;
        try {
            lent = usable();
            return lent;
        } finally {
            if (lent == null) {
                // The previous holder of the turn may have left the connection for this one, which does not need it.
                turn.release();
                endIfUnwanted();
            }
        }
    }

    private Connection usable() throws SQLException {
        if (closed) {
            throw new SQLNonTransientConnectionException("the reserved connection was closed");
        }
        ConnectionPool current = open.get();
        if (current == null) {
            throw new SQLTransientConnectionException("the connector was closed meanwhile");
        }
        Connection kept = connection;
        if (kept != null && source != current) {
            end();
            kept = null;
        }
        if (kept != null && System.nanoTime() - idleSince > TRUSTED_NANOS && !isAlive(kept)) {
            forget(kept);
            kept = null;
        }
        if (kept == null) {
            kept = current.borrowToKeep();
            source = current;
            connection = kept;
        }
        return kept;
    }

    private static boolean isAlive(Connection kept) {
        try {
            NetworkLimit limit = NetworkLimit.set(kept, SIGN_OF_LIFE);
            boolean alive = kept.isValid((int) SIGN_OF_LIFE.toSeconds());
            if (alive && limit != null) {
                limit.restore(kept);
            }
            return alive;
        } catch (SQLException | RuntimeException e) {
            LOGGER.debug("Replacing a reserved connection that was lost", e);
            return false;
        }
    }

    @Override
    public void giveBack(Connection lent) {
        idleSince = System.nanoTime();
        turn.release();
        endIfUnwanted();
    }

    @Override
    public void discard(Connection lent) {
        forget(lent);
        turn.release();
    }

    private void forget(Connection lost) {
        connection = null;
        Quietly.abort(lost);
    }

    /** Returns the connection immediately, or when the running statement has ended. */
    @Override
    public void close() {
        closed = true;
        endIfUnwanted();
    }

    /**
     * Ends a connection of the connector's own immediately, whatever it does; one of the application first ends its
     * statement.
     */
    void connectorClosed() {
        endIfUnwanted();
        Connection busy = connection;
        if (busy != null && isOwn()) {
            Quietly.abort(busy);
        }
    }

    /** Cuts a connection on which a driver hangs. */
    void cut() {
        Connection hanging = connection;
        if (hanging != null) {
            Quietly.abort(hanging);
        }
    }

    private void endIfUnwanted() {
        if ((closed || open.get() != source) && turn.tryAcquire()) {
            try {
                end();
            } finally {
                turn.release();
            }
        }
    }

    private void end() {
        Connection ending = connection;
        connection = null;
        if (ending == null) {
            return;
        }
        if (isOwn()) {
            Quietly.abort(ending); // undoing its state might wait for a dead server
        } else {
            Quietly.close(ending);
        }
    }

    private boolean isOwn() {
        return !(source instanceof ApplicationPool);
    }
}

package io.procrastinate.connector.pgjdbcng;

import com.impossibl.postgres.api.jdbc.PGConnection;
import com.impossibl.postgres.api.jdbc.PGNotificationListener;
import io.procrastinate.connector.Identifiers;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.jdbc.BorrowedSession;
import io.procrastinate.connector.jdbc.CallThreads;
import io.procrastinate.connector.jdbc.ConnectionPool;
import io.procrastinate.connector.jdbc.JdbcListeningCheck;
import io.procrastinate.connector.jdbc.KeptConnection;
import io.procrastinate.connector.jdbc.Quietly;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Hands over the notifications of the driver's call-backs. Closing ends a wait; it cuts the connection or, if that was
 * borrowed, returns it.
 */
final class PgjdbcNgListenSession implements BorrowedSession {

    private final CallThreads threads = new CallThreads("procrastinate-pgjdbc-ng-listen");
    private final Connection connection;
    private final PGConnection driver;
    private final @Nullable KeptConnection kept;
    private final Arrivals arrivals = new Arrivals();
    private final Lock use = new ReentrantLock();

    /** The notification of each call-back; an empty list marks the end of the connection. */
    private final BlockingQueue<List<Notification>> arrived = new LinkedBlockingQueue<>();

    private volatile boolean closed;
    private volatile boolean ended;
    private volatile boolean broken;

    private PgjdbcNgListenSession(Connection connection, PGConnection driver, @Nullable KeptConnection kept) {
        this.connection = connection;
        this.driver = driver;
        this.kept = kept;
    }

    /** Listens on a connection of its own, which must answer within the limit. */
    static ListenSession open(Connection own, Duration limit, Collection<String> channels) throws SQLException {
        PGConnection driver = driver(own);
        try {
            own.setAutoCommit(true);
        } catch (SQLException | RuntimeException e) {
            Quietly.abort(own);
            throw e;
        }
        return open(new PgjdbcNgListenSession(own, driver, null), limit, channels);
    }

    /** Listens on a connection of the application's pool. */
    static ListenSession open(ConnectionPool pool, Duration limit, Collection<String> channels) throws SQLException {
        Connection borrowed = pool.borrowToKeep();
        PGConnection driver = driver(borrowed);
        KeptConnection kept = new KeptConnection(pool, borrowed, limit);
        return open(new PgjdbcNgListenSession(borrowed, driver, kept), limit, channels);
    }

    private static ListenSession open(PgjdbcNgListenSession session, Duration limit, Collection<String> channels)
            throws SQLException {
        try {
            session.driver.addNotificationListener(session.arrivals);
            String listen = channels.stream()
                    .map(channel -> "LISTEN " + Identifiers.quote(channel))
                    .collect(Collectors.joining("; "));
            session.call(limit, () -> {
                try (Statement statement = session.connection.createStatement()) {
                    statement.setEscapeProcessing(false);
                    return statement.execute(listen);
                }
            });
            return session;
        } catch (SQLException | RuntimeException e) {
            session.broken = true;
            session.close();
            throw e;
        }
    }

    @Override
    public List<Notification> await(Duration timeout) {
        List<Notification> notifications = new ArrayList<>();
        List<Notification> next = ended ? arrived.poll() : poll(timeout);
        while (next != null && !next.isEmpty()) {
            notifications.addAll(next);
            next = arrived.poll();
        }
        ended |= next != null;
        if (ended && notifications.isEmpty()) {
            throw failure("Waiting for notifications", null);
        }
        return notifications;
    }

    @Override
    public void ping(Duration deadline) {
        use.lock();
        try {
            call(deadline, () -> {
                JdbcListeningCheck.ask(connection);
                return true;
            });
        } catch (ConnectorException e) {
            broken = true;
            throw e;
        } catch (SQLException | RuntimeException e) {
            broken = true;
            throw failure("Checking that the server still answers", e);
        } finally {
            use.unlock();
        }
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        boolean healthy = !broken && !ended;
        driver.removeNotificationListener(arrivals);
        arrived.add(List.of());
        if (kept == null) {
            Quietly.abort(connection);
        } else if (healthy) {
            kept.giveBack("UNLISTEN *", use);
        } else {
            kept.discard();
        }
    }

    @Override
    public @Nullable CompletableFuture<?> gone() {
        return kept == null ? null : kept.gone();
    }

    /** Makes the call on another thread because the driver swallows interrupts. */
    private void call(Duration limit, Callable<Boolean> call) throws SQLException {
        try {
            threads.call(limit, call);
        } catch (TimeoutException e) {
            throw new SQLException("no answer within " + limit, "08006", e);
        } catch (SQLException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new SQLException(e.toString(), "08006", e);
        }
    }

    /** Waits for the next arrival; as with other drivers, an interrupt is restored afterwards. */
    private @Nullable List<Notification> poll(Duration timeout) {
        long end = System.nanoTime() + timeout.toNanos();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return arrived.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private ConnectorException failure(String attempt, @Nullable Exception cause) {
        String reason = closed
                ? " ended: the session was closed."
                : " failed: the connection was lost" + (cause == null ? "." : ": " + cause.getMessage());
        return new ConnectorException(attempt + reason, null, true, cause);
    }

    private static PGConnection driver(Connection connection) throws SQLException {
        try {
            if (connection.isWrapperFor(PGConnection.class)) {
                return connection.unwrap(PGConnection.class);
            }
        } catch (SQLException | RuntimeException e) {
            Quietly.close(connection);
            throw e;
        }
        Quietly.close(connection);
        throw new ConnectorException(
                "Listening needs connections of the driver pgjdbc-ng (" + PGConnection.class.getName()
                        + "); the application's pool gives "
                        + connection.getClass().getName()
                        + ", which does not unwrap to it. Allow unwrapping in the pool, or let workers poll.",
                null,
                false,
                null);
    }

    /** Called by the driver, on one of its threads, which must not block. */
    private final class Arrivals implements PGNotificationListener {

        @Override
        public void notification(int processId, String channelName, String payload) {
            arrived.add(List.of(new Notification(channelName, payload)));
        }

        @Override
        public void closed() {
            arrived.add(List.of());
        }
    }
}

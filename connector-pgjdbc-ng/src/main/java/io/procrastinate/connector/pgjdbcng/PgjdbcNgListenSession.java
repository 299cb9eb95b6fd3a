package io.procrastinate.connector.pgjdbcng;

import com.impossibl.postgres.api.jdbc.PGConnection;
import com.impossibl.postgres.api.jdbc.PGNotificationListener;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.jdbc.CallThreads;
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
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Hands over what the driver calls back with. Closing cuts the connection, of which the driver tells, which ends a wait. */
final class PgjdbcNgListenSession implements ListenSession {

    private final CallThreads threads = new CallThreads("procrastinate-pgjdbc-ng-listen");
    private final Connection connection;

    /** Each call-back's notification; an empty list marks the end of the connection. */
    private final BlockingQueue<List<Notification>> arrived = new LinkedBlockingQueue<>();

    private volatile boolean closed;
    private volatile boolean ended;

    private PgjdbcNgListenSession(Connection connection) {
        this.connection = connection;
    }

    static ListenSession open(Connection connection, Duration limit, Collection<String> channels) throws SQLException {
        PGConnection driver = driver(connection);
        PgjdbcNgListenSession session = new PgjdbcNgListenSession(connection);
        try {
            driver.addNotificationListener(session.new Arrivals());
            connection.setAutoCommit(true);
            session.execute(
                    channels.stream()
                            .map(channel -> "LISTEN \"" + channel.replace("\"", "\"\"") + '"')
                            .collect(Collectors.joining("; ")),
                    limit);
            return session;
        } catch (SQLException | RuntimeException e) {
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
        try {
            execute("SELECT 1", deadline);
        } catch (SQLException | RuntimeException e) {
            throw failure("Asking the server for a sign of life", e);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Quietly.abort(connection);
            arrived.add(List.of());
        }
    }

    /** Executes on another thread, because the driver swallows interrupts. */
    private void execute(String sql, Duration limit) throws SQLException {
        try {
            threads.call(limit, () -> {
                try (Statement statement = connection.createStatement()) {
                    statement.setEscapeProcessing(false);
                    return statement.execute(sql);
                }
            });
        } catch (TimeoutException e) {
            throw new SQLException("no answer within " + limit, "08006", e);
        } catch (SQLException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new SQLException(e.toString(), "08006", e);
        }
    }

    /** Waits for the next arrival; an interrupt is kept for later, as by other drivers. */
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

    /** What the driver calls, on a thread of its own that must not block. */
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

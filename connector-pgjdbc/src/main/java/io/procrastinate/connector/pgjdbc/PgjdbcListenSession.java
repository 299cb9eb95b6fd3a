package io.procrastinate.connector.pgjdbc;

import io.procrastinate.connector.Notification;
import io.procrastinate.connector.SqlState;
import io.procrastinate.connector.jdbc.BorrowedSession;
import io.procrastinate.connector.jdbc.JdbcListeningCheck;
import io.procrastinate.connector.jdbc.KeptConnection;
import io.procrastinate.connector.jdbc.Quietly;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/**
 * Reads the notifications that arrive on a connection. Closing cuts a connection of the session's own, which ends a
 * wait; on a borrowed one the session waits in short turns, so that it can be returned intact.
 */
final class PgjdbcListenSession implements BorrowedSession {

    private static final Duration TURN = Duration.ofMillis(250);

    private final Connection connection;
    private final PGConnection driver;
    private final @Nullable KeptConnection kept;
    private final Lock use = new ReentrantLock();
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile boolean broken;

    /** @param kept the connection if it was borrowed, or null */
    PgjdbcListenSession(Connection connection, PGConnection driver, @Nullable KeptConnection kept) {
        this.connection = connection;
        this.driver = driver;
        this.kept = kept;
    }

    @Override
    public List<Notification> await(Duration timeout) {
        long end = System.nanoTime() + timeout.toNanos();
        while (true) {
            Duration left = Duration.ofNanos(end - System.nanoTime());
            List<Notification> arrived = read(kept == null || left.compareTo(TURN) < 0 ? left : TURN);
            if (!arrived.isEmpty() || end - System.nanoTime() <= 0) {
                return arrived;
            }
        }
    }

    private List<Notification> read(Duration timeout) {
        return using("Waiting for notifications", () -> {
            PGNotification[] arrived = driver.getNotifications(millis(timeout));
            return arrived == null
                    ? List.of()
                    : Arrays.stream(arrived)
                            .map(each -> new Notification(each.getName(), each.getParameter()))
                            .toList();
        });
    }

    @Override
    public void ping(Duration deadline) {
        using("Checking that the server still answers", () -> {
            connection.setNetworkTimeout(Runnable::run, millis(deadline));
            JdbcListeningCheck.ask(connection);
            return true;
        });
    }

    private <T> T using(String attempt, Use<T> call) {
        use.lock();
        try {
            if (closed.get()) {
                throw failure(attempt, new SQLException("closed"));
            }
            return call.of();
        } catch (SQLException e) {
            broken = true;
            throw failure(attempt, e);
        } catch (ConnectorException e) {
            broken = true;
            throw e;
        } finally {
            use.unlock();
        }
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        if (kept == null) {
            Quietly.abort(connection);
        } else if (broken) {
            kept.discard();
        } else {
            kept.giveBack("UNLISTEN *", use);
        }
    }

    @Override
    public @Nullable CompletableFuture<?> gone() {
        return kept == null ? null : kept.gone();
    }

    private ConnectorException failure(String attempt, SQLException cause) {
        return closed.get()
                ? new ConnectorException(attempt + " ended: the session was closed.", null, true, cause)
                : SqlState.exception(attempt, cause.getSQLState(), cause.getMessage(), null, cause);
    }

    /** To the driver 0 means no limit. */
    private static int millis(Duration duration) {
        return (int) Math.min(Math.max(duration.toMillis(), 1), Integer.MAX_VALUE);
    }

    /** A use of the connection. */
    @FunctionalInterface
    private interface Use<T> {
        T of() throws SQLException;
    }
}

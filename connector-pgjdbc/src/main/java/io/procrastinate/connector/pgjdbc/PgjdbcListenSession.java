package io.procrastinate.connector.pgjdbc;

import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.SqlState;
import io.procrastinate.connector.jdbc.Quietly;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** Reads the notifications that arrive on a connection. Closing cuts the connection, which ends a wait. */
final class PgjdbcListenSession implements ListenSession {

    private final Connection connection;
    private final PGConnection driver;
    private final AtomicBoolean closed = new AtomicBoolean();

    PgjdbcListenSession(Connection connection, PGConnection driver) {
        this.connection = connection;
        this.driver = driver;
    }

    @Override
    public List<Notification> await(Duration timeout) {
        try {
            PGNotification[] arrived = driver.getNotifications(millis(timeout));
            return arrived == null
                    ? List.of()
                    : Arrays.stream(arrived)
                            .map(each -> new Notification(each.getName(), each.getParameter()))
                            .toList();
        } catch (SQLException e) {
            throw failure("Waiting for notifications", e);
        }
    }

    @Override
    public void ping(Duration deadline) {
        try {
            connection.setNetworkTimeout(Runnable::run, millis(deadline));
            try (Statement statement = connection.createStatement()) {
                statement.execute("");
            }
        } catch (SQLException e) {
            throw failure("Asking the server for a sign of life", e);
        }
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            Quietly.abort(connection);
        }
    }

    private ConnectorException failure(String attempt, SQLException cause) {
        return closed.get()
                ? new ConnectorException(attempt + " ended: the session was closed.", null, true, cause)
                : SqlState.exception(attempt, cause.getSQLState(), cause.getMessage(), null, cause);
    }

    /** The driver takes 0 for no limit. */
    private static int millis(Duration duration) {
        return (int) Math.min(Math.max(duration.toMillis(), 1), Integer.MAX_VALUE);
    }
}

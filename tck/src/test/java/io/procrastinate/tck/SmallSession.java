package io.procrastinate.tck;

import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** Listens on a connection of its own. */
class SmallSession implements ListenSession {

    private final Connection connection;

    SmallSession(Connection connection, Collection<String> channels) throws SQLException {
        this.connection = connection;
        try (Statement statement = connection.createStatement()) {
            for (String channel : channels) {
                statement.execute("LISTEN \"" + channel.replace("\"", "\"\"") + "\"");
            }
        } catch (SQLException e) {
            SmallPool.abort(connection);
            throw e;
        }
    }

    @Override
    public List<Notification> await(Duration timeout) {
        try {
            PGNotification[] arrived =
                    connection.unwrap(PGConnection.class).getNotifications((int) Math.max(1, timeout.toMillis()));
            List<Notification> notifications = new ArrayList<>();
            for (PGNotification notification : arrived) {
                notifications.add(new Notification(notification.getName(), notification.getParameter()));
            }
            return notifications;
        } catch (SQLException e) {
            throw lost(e);
        }
    }

    @Override
    public void ping(Duration deadline) {
        try {
            if (!connection.isValid((int) Math.max(1, deadline.toSeconds()))) {
                throw new ConnectorException(
                        "The connection that listens gave no sign of life within " + deadline, null, true, null);
            }
        } catch (SQLException e) {
            throw lost(e);
        }
    }

    private static ConnectorException lost(SQLException failure) {
        return SmallConnector.translated("Listening", failure);
    }

    @Override
    public void close() {
        SmallPool.abort(connection);
    }
}

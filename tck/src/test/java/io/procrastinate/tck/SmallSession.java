package io.procrastinate.tck;

import io.procrastinate.connector.Identifiers;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import io.procrastinate.driver.ListeningCheck;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.ResultSet;
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
        try {
            listenOn(channels);
        } catch (SQLException e) {
            SmallPool.abort(connection);
            throw e;
        }
    }

    final void listenOn(Collection<String> channels) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String channel : channels) {
                statement.execute("LISTEN " + Identifiers.quote(channel));
            }
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
            connection.setNetworkTimeout(Runnable::run, (int) Math.max(1, deadline.toMillis()));
            try (Statement statement = connection.createStatement();
                    ResultSet answer = statement.executeQuery(question())) {
                ListeningCheck.check(answer.next() ? answer.getString(1) : null);
            }
        } catch (SQLException e) {
            throw lost(e);
        }
    }

    String question() {
        return ListeningCheck.QUERY;
    }

    private static ConnectorException lost(SQLException failure) {
        return SmallConnector.translated("Listening", failure);
    }

    @Override
    public void close() {
        SmallPool.abort(connection);
    }
}

package io.procrastinate.connector.pgjdbc;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Identifiers;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.jdbc.ConnectionPool;
import io.procrastinate.connector.jdbc.KeptConnection;
import io.procrastinate.connector.jdbc.NotificationSource;
import io.procrastinate.connector.jdbc.Quietly;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/** Opens connections that listen, from the settings or out of the application's pool. */
final class PgjdbcNotifications implements NotificationSource {

    private final ConnectorSettings settings;

    PgjdbcNotifications(ConnectorSettings settings) {
        this.settings = settings;
    }

    @Override
    public ListenSession listen(@Nullable ConnectionPool applicationPool, Collection<String> channels)
            throws SQLException {
        if (applicationPool == null || settings.listenUrl() != null) {
            Connection own = PgjdbcConnections.forListening(settings).connect();
            try {
                own.setAutoCommit(true);
                own.setNetworkTimeout(
                        Runnable::run, (int) Math.min(settings.connectTimeout().toMillis(), Integer.MAX_VALUE));
                return listening(own, own.unwrap(PGConnection.class), null, channels);
            } catch (SQLException | RuntimeException e) {
                Quietly.abort(own);
                throw e;
            }
        }
        Connection borrowed = applicationPool.borrowToKeep();
        PGConnection driver = driver(borrowed);
        KeptConnection kept = new KeptConnection(applicationPool, borrowed, settings.connectTimeout());
        try {
            return listening(borrowed, driver, kept, channels);
        } catch (SQLException | RuntimeException e) {
            kept.discard();
            throw e;
        }
    }

    private static ListenSession listening(
            Connection connection, PGConnection driver, @Nullable KeptConnection kept, Collection<String> channels)
            throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(channels.stream()
                    .map(channel -> "LISTEN " + Identifiers.quote(channel))
                    .collect(Collectors.joining("; ")));
        }
        return new PgjdbcListenSession(connection, driver, kept);
    }

    private static PGConnection driver(Connection borrowed) throws SQLException {
        try {
            if (borrowed.isWrapperFor(PGConnection.class)) {
                return borrowed.unwrap(PGConnection.class);
            }
        } catch (SQLException | RuntimeException e) {
            Quietly.close(borrowed);
            throw e;
        }
        Quietly.close(borrowed);
        throw new ConnectorException(
                "Listening needs connections of the PostgreSQL JDBC driver (" + PGConnection.class.getName()
                        + "); the application's pool gives "
                        + borrowed.getClass().getName()
                        + ", which does not unwrap to it. Allow unwrapping in the pool, or let workers poll.",
                null,
                false,
                null);
    }
}

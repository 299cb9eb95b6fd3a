package io.procrastinate.connector.jdbc;

import io.procrastinate.connector.ListenSession;
import java.sql.SQLException;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Makes listening connections. Thread-safe. */
@FunctionalInterface
public interface NotificationSource {

    /**
     * Opens a connection that listens on channels.
     *
     * @param applicationPool the application's pool, to borrow the connection from unless the settings have a URL for
     *     listening, or null if the settings lead to the database
     * @param channels at least one; any text
     * @throws SQLException if the connection cannot be made; nothing is left open then
     */
    ListenSession listen(@Nullable ConnectionPool applicationPool, Collection<String> channels) throws SQLException;
}

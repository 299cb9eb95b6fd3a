package io.procrastinate.connector.jdbc;

import io.procrastinate.annotation.Internal;
import java.sql.Connection;
import java.sql.SQLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends connections that are no longer needed: failures are only logged.
 *
 * @hidden
 */
@Internal
public final class Quietly {

    private static final Logger LOGGER = LoggerFactory.getLogger(Quietly.class);

    private Quietly() {}

    /**
     * Cuts the connection without asking the server, so that a dead one cannot block the caller, then closes it, so
     * that its pool replaces it.
     */
    public static void abort(Connection connection) {
        try {
            connection.abort(Runnable::run);
        } catch (SQLException | RuntimeException e) {
            LOGGER.debug("A connection could not be aborted", e);
        }
        close(connection);
    }

    /** Closes the connection. */
    public static void close(Connection connection) {
        try {
            connection.close();
        } catch (SQLException | RuntimeException e) {
            LOGGER.debug("A connection could not be closed", e);
        }
    }
}

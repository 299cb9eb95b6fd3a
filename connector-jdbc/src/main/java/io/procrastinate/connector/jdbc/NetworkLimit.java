package io.procrastinate.connector.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Limits how long a connection's socket waits for the server, so that a half-open one does not block its caller for
 * ever. Only the socket is changed, which costs no round trip.
 *
 * @param before the connection's previous limit, in milliseconds
 */
record NetworkLimit(int before) {

    private static final Logger LOGGER = LoggerFactory.getLogger(NetworkLimit.class);

    /** Sets a limit; null if the driver has none. */
    static @Nullable NetworkLimit set(Connection connection, Duration limit) throws SQLException {
        try {
            NetworkLimit previous = new NetworkLimit(connection.getNetworkTimeout());
            connection.setNetworkTimeout(Runnable::run, (int) Math.min(limit.toMillis(), Integer.MAX_VALUE));
            return previous;
        } catch (SQLFeatureNotSupportedException | AbstractMethodError e) {
            LOGGER.trace("The driver cannot limit how long its socket waits", e);
            return null;
        }
    }

    void restore(Connection connection) {
        try {
            connection.setNetworkTimeout(Runnable::run, before);
        } catch (SQLException | RuntimeException e) {
            // A connection whose limit was not restored must not be lent again.
            LOGGER.debug("A connection's network time-out could not be restored", e);
            Quietly.abort(connection);
        }
    }
}

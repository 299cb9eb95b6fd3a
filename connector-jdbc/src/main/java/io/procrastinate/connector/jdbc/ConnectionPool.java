package io.procrastinate.connector.jdbc;

import java.sql.Connection;
import java.sql.SQLException;

/** Connections to borrow. Thread-safe. */
public interface ConnectionPool extends AutoCloseable {

    /** Opens a pool from settings. */
    @FunctionalInterface
    interface Opener {

        /**
         * Opens a pool and tries its first connection.
         *
         * @throws SQLException when the database cannot be reached; nothing is left open then
         */
        ConnectionPool open() throws SQLException;
    }

    /**
     * Borrows a connection, which closing gives back.
     *
     * @throws SQLException when none can be made or none becomes free in time
     */
    Connection borrow() throws SQLException;

    /**
     * Borrows a connection that is kept for as long as somebody listens.
     *
     * @throws SQLException as {@link #borrow}, or when the pool has none to spare
     */
    default Connection borrowToKeep() throws SQLException {
        return borrow();
    }

    /** Takes back a borrowed connection that is broken, so that nobody gets it again. Never throws. */
    void discard(Connection connection);

    /** Closes the pool if it is the connector's own; one of the application stays as it is. Never throws. */
    @Override
    void close();
}

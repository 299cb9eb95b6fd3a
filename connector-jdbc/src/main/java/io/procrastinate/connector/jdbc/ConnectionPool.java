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
         * @throws SQLException if the database cannot be reached; nothing is left open then
         */
        ConnectionPool open() throws SQLException;
    }

    /**
     * Borrows a connection; closing it returns it.
     *
     * @throws SQLException if none can be made or becomes free in time
     */
    Connection borrow() throws SQLException;

    /**
     * Takes a connection to keep, for listening or as a reserved one: one besides the pool if the pool is the
     * connector's own, else one of the application's. Closing it returns it.
     *
     * @throws SQLException as {@link #borrow}, or when the pool has none to spare
     */
    default Connection borrowToKeep() throws SQLException {
        return borrow();
    }

    /** Reports that a kept connection is on its way back and no longer counts. */
    default void leaves(Connection connection) {
        // Matters only to a pool that must not run out.
    }

    /** Takes back a borrowed connection that can be reused. Never throws. */
    default void giveBack(Connection connection) {
        Quietly.close(connection);
    }

    /** Takes back a broken connection, so that it is not lent again. Never throws. */
    void discard(Connection connection);

    /** Closes the pool if it is the connector's own; one of the application stays as it is. Never throws. */
    @Override
    void close();
}

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
     * Takes a connection that is kept, by whoever listens or has reserved it: one besides the pool where the pool is the
     * connector's own, else one of the application's. It is closed to return it.
     *
     * @throws SQLException as {@link #borrow}, or when the pool has none to spare
     */
    default Connection borrowToKeep() throws SQLException {
        return borrow();
    }

    /** A connection that was taken to be kept is on its way back, and counts no more. */
    default void leaves(Connection connection) {
        // Counts for nobody but a pool that must not run out.
    }

    /** Takes back a borrowed connection that is as good as before. Never throws. */
    default void giveBack(Connection connection) {
        Quietly.close(connection);
    }

    /** Takes back a borrowed connection that is broken, so that nobody gets it again. Never throws. */
    void discard(Connection connection);

    /** Closes the pool if it is the connector's own; one of the application stays as it is. Never throws. */
    @Override
    void close();
}

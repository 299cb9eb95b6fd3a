package io.procrastinate.connector.jdbc;

import java.sql.Connection;
import java.sql.SQLException;

/** Makes new connections with a driver. Thread-safe. */
@FunctionalInterface
public interface ConnectionFactory {

    /**
     * Makes a connection, within the time that the settings allow for it.
     *
     * @throws SQLException if the database cannot be reached or refuses the login
     */
    Connection connect() throws SQLException;
}

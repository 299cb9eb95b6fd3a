package io.procrastinate.connector.jdbc;

import io.procrastinate.driver.SignOfLife;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Asks a connection that listens for a {@link SignOfLife}. */
public final class JdbcSignOfLife {

    private JdbcSignOfLife() {}

    /**
     * Asks, for as long as the connection waits.
     *
     * @throws SQLException when there is no answer
     * @throws io.procrastinate.exception.ConnectorException when the server is read-only
     */
    public static void ask(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet answer = statement.executeQuery(SignOfLife.QUESTION)) {
            SignOfLife.check(answer.next() ? answer.getString(1) : null);
        }
    }
}

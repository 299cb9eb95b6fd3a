package io.procrastinate.connector.jdbc;

import io.procrastinate.annotation.Internal;
import io.procrastinate.driver.ListeningCheck;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Checks a listening connection with {@link ListeningCheck}.
 *
 * @hidden
 */
@Internal
public final class JdbcListeningCheck {

    private JdbcListeningCheck() {}

    /**
     * Checks it, and waits as long as the connection's own limit allows.
     *
     * @throws SQLException if there is no answer
     * @throws io.procrastinate.exception.ConnectorException if the server is read-only
     */
    public static void ask(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet answer = statement.executeQuery(ListeningCheck.QUERY)) {
            ListeningCheck.check(answer.next() ? answer.getString(1) : null);
        }
    }
}

package io.procrastinate.tck;

import io.procrastinate.testing.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The PostgreSQL server of this JVM: embedded and started once, or the one that the system property {@value #PROPERTY}
 * or the environment variable {@value #VARIABLE} gives the URL of, whose user must be a superuser.
 */
final class TestServer {

    private static final Logger LOGGER = LoggerFactory.getLogger(TestServer.class);

    static final String PROPERTY = "procrastinate.tck.url";
    static final String VARIABLE = "PROCRASTINATE_TCK_URL";

    private TestServer() {}

    static PostgresServer get() {
        return Holder.SERVER;
    }

    /** Another server, or the same one if it is not the kit's own. */
    static PostgresServer another() {
        return get().isEmbedded() ? PostgresServer.create(PROPERTY, VARIABLE) : get();
    }

    /**
     * Makes transactions that ask for {@code synchronous_commit} wait for a standby that does not exist; others are not
     * affected. Done before any test runs, and in this order, so that no other transaction waits, not even on a server
     * that is not the kit's.
     */
    private static void awaitStandbyThatIsAway(Connection connection) throws SQLException {
        connection.setAutoCommit(true);
        set(connection, "synchronous_commit", "local");
        set(connection, "synchronous_standby_names", "tck_standby_that_is_away");
    }

    private static void set(Connection connection, String setting, String value) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("ALTER SYSTEM SET " + setting + " = '" + value + "'");
            statement.execute("SELECT pg_reload_conf()");
        }
    }

    /** Starts the server on first use. */
    private static final class Holder {
        private static final PostgresServer SERVER = create();

        private static PostgresServer create() {
            PostgresServer server = PostgresServer.create(PROPERTY, VARIABLE);
            try (Connection connection =
                    TestDatabase.dataSource(server.administration()).getConnection()) {
                awaitStandbyThatIsAway(connection);
                LOGGER.info(
                        "The tests run on PostgreSQL {}",
                        connection.getMetaData().getDatabaseProductVersion());
            } catch (SQLException e) {
                throw new IllegalStateException("The server takes no connection", e);
            }
            return server;
        }
    }
}

package io.procrastinate.tck;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.testing.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** A second server, with a database of the same name as the test's own: the primary before a failover. */
final class FormerPrimary implements AutoCloseable {

    private final PostgresServer server =
            PostgresServer.create("procrastinate.tck.former.url", "PROCRASTINATE_TCK_FORMER_URL");
    private final ConnectorSettings present;

    /** @param present how the server after the failover is reached */
    FormerPrimary(ConnectorSettings present) {
        this.present = present;
        if (!present.user().equals(server.administration().user())) {
            run("CREATE ROLE \"" + present.user() + "\" SUPERUSER LOGIN");
        }
        run("CREATE DATABASE \"" + present.database() + '"');
    }

    /** How this server is reached. */
    ConnectorSettings settings() {
        ConnectorSettings here = server.administration();
        return present.toBuilder().host(here.host()).port(here.port()).build();
    }

    /** Makes the server read-only; its connections stay. */
    void demote() {
        run("ALTER SYSTEM SET default_transaction_read_only = on");
        run("SELECT pg_reload_conf()");
    }

    private void run(String sql) {
        try (Connection connection =
                        TestDatabase.dataSource(server.administration()).getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException("The former primary failed at: " + sql, e);
        }
    }

    @Override
    public void close() {
        server.stop();
    }
}

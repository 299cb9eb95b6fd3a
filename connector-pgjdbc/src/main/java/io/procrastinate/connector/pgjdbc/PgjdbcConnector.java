package io.procrastinate.connector.pgjdbc;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.jdbc.HikariConnectionPool;
import io.procrastinate.connector.jdbc.JdbcConnector;

/**
 * Makes connectors over the PostgreSQL JDBC driver. They open a pool of their own with HikariCP, or use any
 * {@link javax.sql.DataSource} of the application whose connections are this driver's.
 *
 * <p>They listen on a connection of its own, made from {@link ConnectorSettings#forListening()}. Opened with the application's
 * data source, and with no URL for listening, they borrow one from it for as long as they listen.
 * What a worker reserves is made beside a pool of their own, and borrowed from the application's.
 */
public final class PgjdbcConnector {

    private static final String NAME = "pgjdbc";

    private PgjdbcConnector() {}

    /** A closed connector with these settings. */
    public static JdbcConnector create(ConnectorSettings settings) {
        return builder(NAME, settings)
                .ownPool(() -> HikariConnectionPool.open(NAME, PgjdbcConnections.of(settings)::connect, settings, null))
                .build();
    }

    /** Starts a connector over this driver that has no pool of its own. */
    public static JdbcConnector.Builder builder(String name, ConnectorSettings settings) {
        return JdbcConnector.builder(name, settings)
                .dialect(new PgjdbcDialect(settings))
                .parameterSupport(PgjdbcDataSource.SUPPORT)
                .notifications(new PgjdbcNotifications(settings));
    }
}

package io.procrastinate.connector.pgjdbc;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.jdbc.HikariConnectionPool;
import io.procrastinate.connector.jdbc.JdbcConnector;

/**
 * Makes connectors over the PostgreSQL JDBC driver. They open a pool of their own with HikariCP, or use any
 * {@link javax.sql.DataSource} of the application whose connections are this driver's.
 *
 * <p>They listen on a separate connection, made from {@link ConnectorSettings#forListening()}. Opened with the
 * application's data source and without a URL for listening, they borrow one from it for as long as they listen.
 * Connections that a worker reserves are made besides a pool of their own, or borrowed from the application's.
 */
public final class PgjdbcConnector {

    private static final String NAME = "pgjdbc";

    private PgjdbcConnector() {}

    /** Returns a closed connector with these settings. */
    public static JdbcConnector create(ConnectorSettings settings) {
        return builder(NAME, settings)
                .ownPool(() -> HikariConnectionPool.open(NAME, PgjdbcConnections.of(settings)::connect, settings, null))
                .build();
    }

    /**
     * Starts building another connector over this driver, for authors of connectors that take the application's pools
     * of a certain class. It listens as this one does, and has no pool of its own.
     *
     * @param name the connector's name
     */
    public static JdbcConnector.Builder builder(String name, ConnectorSettings settings) {
        return JdbcConnector.builder(name, settings)
                .dialect(new PgjdbcDialect(settings))
                .parameterSupport(PgjdbcDataSource.SUPPORT)
                .notifications(new PgjdbcNotifications(settings));
    }
}

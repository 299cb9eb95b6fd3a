package io.procrastinate.connector.pgjdbcng;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ServerVariables;
import io.procrastinate.connector.jdbc.HikariConnectionPool;
import io.procrastinate.connector.jdbc.JdbcConnector;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Makes connectors over the driver pgjdbc-ng. They open a pool of their own with HikariCP, or use any
 * {@link javax.sql.DataSource} of the application whose connections are this driver's.
 *
 * <p>They listen on a separate connection, made from {@link ConnectorSettings#forListening()}. Opened with the
 * application's data source and without a URL for listening, they borrow one from it for as long as they listen.
 * Connections that a worker reserves are made besides a pool of their own, or borrowed from the application's.
 */
public final class PgjdbcNgConnector {

    private static final String NAME = "pgjdbc-ng";
    private static final String READ_ONLY = "default_transaction_read_only";

    /**
     * The logger on which the driver warns of every connection that the server ends, which the connector reports
     * anyway. Kept in a field because unreferenced loggers lose their level.
     */
    private static final Logger DRIVER_LOGGER =
            Logger.getLogger("com.impossibl.postgres.protocol.v30.ServerConnection");

    private PgjdbcNgConnector() {}

    /**
     * Returns a closed connector with these settings. The driver's warnings of lost connections are silenced, unless
     * configured.
     */
    public static JdbcConnector create(ConnectorSettings settings) {
        if (DRIVER_LOGGER.getLevel() == null) {
            DRIVER_LOGGER.setLevel(Level.SEVERE);
        }
        // Created here and not on opening, so that a missing driver is noticed now.
        PgjdbcNgConnections connections = new PgjdbcNgConnections(settings);
        return JdbcConnector.builder(NAME, settings)
                .dialect(new PgjdbcNgDialect())
                .parameterSupport(ParameterizedDataSource.SUPPORT)
                .ownPool(() -> HikariConnectionPool.open(NAME, connections::connect, settings, initSql(settings)))
                .notifications((pool, channels) -> pool == null || settings.listenUrl() != null
                        ? PgjdbcNgListenSession.open(
                                new PgjdbcNgConnections(settings.forListening()).connect(),
                                settings.connectTimeout(),
                                channels)
                        : PgjdbcNgListenSession.open(pool, settings.connectTimeout(), channels))
                .build();
    }

    /**
     * What a new connection of the pool executes first, to undo what the pool did: it marks the connection as not
     * read-only, which this driver passes on to the server, so that a server that is read-only for now would accept
     * writes.
     */
    private static String initSql(ConnectorSettings settings) {
        String asked = settings.variables().get(READ_ONLY);
        return asked == null ? "RESET " + READ_ONLY : ServerVariables.sql(Map.of(READ_ONLY, asked));
    }
}

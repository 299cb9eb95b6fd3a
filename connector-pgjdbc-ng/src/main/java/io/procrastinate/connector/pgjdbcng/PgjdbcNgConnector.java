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
 * <p>They listen on a connection of its own, made from {@link ConnectorSettings#forListening()}. Opened with the application's
 * data source, and with no URL for listening, they borrow one from it for as long as they listen.
 * What a worker reserves is made beside a pool of their own, and borrowed from the application's.
 */
public final class PgjdbcNgConnector {

    private static final String NAME = "pgjdbc-ng";
    private static final String READ_ONLY = "default_transaction_read_only";

    /**
     * Where the driver warns of every connection that the server ends, which the connector reports anyway. Held, because
     * loggers that nobody holds forget their level.
     */
    private static final Logger DRIVER_LOGGER =
            Logger.getLogger("com.impossibl.postgres.protocol.v30.ServerConnection");

    private PgjdbcNgConnector() {}

    /** A closed connector with these settings. The driver's warnings of lost connections are silenced, unless configured. */
    public static JdbcConnector create(ConnectorSettings settings) {
        if (DRIVER_LOGGER.getLevel() == null) {
            DRIVER_LOGGER.setLevel(Level.SEVERE);
        }
        // Not when it opens: a driver that is missing shows here.
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
     * What a new connection of the pool executes first, to undo what the pool did: it tells the driver that the connection is not
     * read-only, which this driver tells the server, so that a server that is read-only for now would accept writes.
     */
    private static String initSql(ConnectorSettings settings) {
        String asked = settings.variables().get(READ_ONLY);
        return asked == null ? "RESET " + READ_ONLY : ServerVariables.sql(Map.of(READ_ONLY, asked));
    }
}

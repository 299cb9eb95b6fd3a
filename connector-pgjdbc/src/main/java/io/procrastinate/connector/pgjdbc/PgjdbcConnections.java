package io.procrastinate.connector.pgjdbc;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ServerVariables;
import io.procrastinate.connector.jdbc.Quietly;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.driver.StartupRefusal;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes connections with the driver; behind a pooler that refuses our session settings, without them. Thread-safe. */
final class PgjdbcConnections {

    private static final Logger LOGGER = LoggerFactory.getLogger(PgjdbcConnections.class);

    private final ConnectorSettings settings;
    private final PGSimpleDataSource dataSource;
    private final PGSimpleDataSource plain;
    /** What remains to be set once a connection exists. */
    private final Map<String, String> afterwards;

    private volatile boolean refused;

    private PgjdbcConnections(ConnectorSettings settings, PGSimpleDataSource dataSource, PGSimpleDataSource plain) {
        this.settings = settings;
        this.dataSource = dataSource;
        this.plain = plain;
        this.afterwards = new HashMap<>(settings.variables());
        this.afterwards.keySet().retainAll(PgjdbcDataSource.SET_BY_THE_DRIVER);
    }

    static PgjdbcConnections of(ConnectorSettings settings) throws SQLException {
        return new PgjdbcConnections(
                settings, PgjdbcDataSource.of(settings, false), PgjdbcDataSource.of(settings, true));
    }

    /** As {@link #of}, for a connection that listens. */
    static PgjdbcConnections forListening(ConnectorSettings settings) throws SQLException {
        return new PgjdbcConnections(
                settings.forListening(),
                PgjdbcDataSource.forListening(settings, false),
                PgjdbcDataSource.forListening(settings, true));
    }

    Connection connect() throws SQLException {
        if (!refused) {
            try {
                return complete(dataSource.getConnection());
            } catch (SQLException e) {
                if (!StartupRefusal.isOfPooler(e.getSQLState(), e.getMessage())) {
                    throw e;
                }
                Connection connection = complete(plain.getConnection());
                refused = true;
                LOGGER.info(
                        "The pooler at {} refuses start-up parameters ({}): its connections go without {}, with"
                                + " which the server plans better. Set these for the role if you can (ALTER ROLE ..."
                                + " SET ...)",
                        settings.target(),
                        e.getMessage(),
                        SessionSettings.parameters());
                return connection;
            }
        }
        return complete(plain.getConnection());
    }

    private Connection complete(Connection connection) throws SQLException {
        if (!afterwards.isEmpty()) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(ServerVariables.sql(afterwards));
            } catch (SQLException | RuntimeException e) {
                Quietly.abort(connection);
                throw e;
            }
        }
        return connection;
    }
}

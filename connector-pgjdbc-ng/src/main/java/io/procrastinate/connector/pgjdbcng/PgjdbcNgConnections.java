package io.procrastinate.connector.pgjdbcng;

import com.impossibl.postgres.jdbc.PGDataSource;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.jdbc.CallThreads;
import io.procrastinate.connector.jdbc.Quietly;
import java.net.UnknownHostException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/** Makes connections with the driver, in no more time than the settings allow. */
final class PgjdbcNgConnections {

    private final CallThreads threads = new CallThreads("procrastinate-pgjdbc-ng-connect");
    private final ConnectorSettings settings;
    private final PGDataSource dataSource;

    PgjdbcNgConnections(ConnectorSettings settings) {
        this.settings = settings;
        this.dataSource = dataSource(settings);
    }

    /** Connects on a thread of its own: the driver waits up to two minutes, whatever it is told, and swallows interrupts. */
    Connection connect() throws SQLException {
        Duration limit = settings.connectTimeout();
        try {
            return threads.call(limit, dataSource::getConnection, Quietly::abort);
        } catch (TimeoutException e) {
            throw new SQLException(settings.target() + " did not answer within " + limit, "08001", e);
        } catch (SQLException e) {
            throw String.valueOf(e.getMessage()).endsWith("is unresolved") ? unknownHost(e) : e;
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new SQLException("Connecting to " + settings.target() + " failed: " + e, "08001", e);
        }
    }

    private SQLException unknownHost(SQLException failure) {
        UnknownHostException cause = new UnknownHostException(settings.host());
        cause.addSuppressed(failure);
        return new SQLException("No address is known for " + settings.host(), "08001", cause);
    }

    private static PGDataSource dataSource(ConnectorSettings settings) {
        PGDataSource dataSource = new ParameterizedDataSource(settings.parameters());
        dataSource.setServerName(settings.host());
        dataSource.setPortNumber(settings.port());
        dataSource.setDatabaseName(settings.database());
        dataSource.setUser(settings.user());
        dataSource.setPassword(settings.password());
        dataSource.setApplicationName(settings.applicationName());
        dataSource.setSslMode(settings.sslMode());
        // Connections are closed by the pool and by the session that listens; none needs to be found by a watching
        // thread.
        dataSource.setHousekeeper(false);
        return dataSource;
    }
}

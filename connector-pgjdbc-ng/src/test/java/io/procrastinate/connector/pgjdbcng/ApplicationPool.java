package io.procrastinate.connector.pgjdbcng;

import com.impossibl.postgres.jdbc.PGDataSource;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.tck.CallerConnection;
import io.procrastinate.tck.JdbcCallerConnection;
import java.sql.SQLException;

/** The pool of an application that uses the driver directly. */
final class ApplicationPool {

    private ApplicationPool() {}

    static PGDataSource open(ConnectorSettings settings) {
        PGDataSource dataSource = new PGDataSource();
        dataSource.setServerName(settings.host());
        dataSource.setPortNumber(settings.port());
        dataSource.setDatabaseName(settings.database());
        dataSource.setUser(settings.user());
        dataSource.setPassword(settings.password());
        dataSource.setApplicationName(settings.applicationName());
        return dataSource;
    }

    static CallerConnection connect(ConnectorSettings settings) {
        try {
            return new JdbcCallerConnection(open(settings).getConnection());
        } catch (SQLException e) {
            throw new IllegalStateException("There is no connection for the application", e);
        }
    }
}

package io.procrastinate.connector.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/** The application's data source, used as it is and never closed. Thread-safe if the data source is. */
public final class DataSourcePool implements ConnectionPool {

    private final DataSource dataSource;

    /** Borrows from a data source. */
    public DataSourcePool(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    @Override
    public Connection borrow() throws SQLException {
        return dataSource.getConnection();
    }

    @Override
    public void discard(Connection connection) {
        Quietly.abort(connection);
    }

    @Override
    public void close() {
        // The application opened the data source, and the application closes it.
    }
}

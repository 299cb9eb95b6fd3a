package io.procrastinate.connector.jdbc;

import io.procrastinate.exception.ConnectorException;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Data sources that lend the connection of the calling thread's transaction, known by name: they are the application's. */
final class TransactionAwareness {

    /** Spring's. */
    private static final String PROXY = "org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy";

    private TransactionAwareness() {}

    /**
     * Refuses one. What the app executes by itself, on whatever thread, is a transaction of its own: a deferral that seemed to join
     * the caller's would stay when that is rolled back.
     */
    static void requireNone(String connector, DataSource given) {
        if (isAware(given)) {
            throw ConnectorException.refusal("The connector '" + connector + "' takes no " + PROXY
                    + ": the app would not join the transactions that it lends connections of. Open the app with the"
                    + " data source beneath it. To defer in a transaction, defer with its connection:"
                    + " task.configure().on(DataSourceUtils.getConnection(dataSource)).");
        }
    }

    private static boolean isAware(DataSource given) {
        try {
            ClassLoader loader = given.getClass().getClassLoader();
            return given.isWrapperFor(Class.forName(PROXY, false, loader));
        } catch (ClassNotFoundException | LinkageError | SQLException | RuntimeException e) {
            // There is no Spring here, or a data source that does not tell what it wraps.
            return false;
        }
    }
}

package io.procrastinate.connector.jdbc;

import io.procrastinate.exception.ConnectorException;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Recognises, by class name, data sources that lend the connection of the calling thread's transaction. */
final class TransactionAwareness {

    /** Spring's. */
    private static final String PROXY = "org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy";

    private TransactionAwareness() {}

    /**
     * Refuses such a data source. The app's statements are transactions of their own, on any thread: a deferral that
     * seemed to join the caller's transaction would stay when that is rolled back.
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
            // Spring is absent, or the data source does not unwrap.
            return false;
        }
    }
}

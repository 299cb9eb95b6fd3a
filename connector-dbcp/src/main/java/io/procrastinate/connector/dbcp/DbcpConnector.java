package io.procrastinate.connector.dbcp;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.jdbc.JdbcConnector;
import io.procrastinate.connector.pgjdbc.PgjdbcConnector;
import org.apache.commons.dbcp2.BasicDataSource;

/**
 * Makes connectors over the application's {@link BasicDataSource}, whose connections are the PostgreSQL JDBC driver's. The pool
 * is used as it is configured, never changed and never closed, and no other connection is made, unless the settings have a URL
 * for listening.
 *
 * <p>A connection that the server has ended while it lay in the pool is replaced before anything is sent on it, whether the
 * pool tests what it lends or not. One that was used within the last 50 milliseconds is trusted without being looked at: if it
 * has been ended since, the statement fails as transient. No statement is repeated once it has been sent: the server may have done
 * it.
 *
 * <p>Listening takes one connection out of the pool for as long as it lasts, also where the pool denies access to the
 * underlying connection. With {@link ConnectorSettings#listenUrl()} a connection is made for it instead. What a worker reserves is
 * taken out of the pool, too. A pool in which no other connection is left lends none for that.
 *
 * <p>A statement waits for a connection no longer than {@link ConnectorSettings#connectTimeout()}. That the pool itself gives
 * up dead connections is for the application to configure: its {@code validationQueryTimeout} and the driver's
 * {@code loginTimeout} are without limit by default, so that a server which is gone without a word takes one connection after
 * the other out of the pool.
 */
public final class DbcpConnector {

    private DbcpConnector() {}

    /** A closed connector, to be opened with the application's pool; of the settings, those of statements count. */
    public static JdbcConnector create(ConnectorSettings settings) {
        return PgjdbcConnector.builder("dbcp", settings)
                .applicationPool(
                        BasicDataSource.class, pool -> new DbcpPool(pool, settings.connectTimeout(), System::nanoTime))
                .build();
    }
}

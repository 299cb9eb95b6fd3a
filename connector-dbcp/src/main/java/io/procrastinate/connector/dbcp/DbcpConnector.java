package io.procrastinate.connector.dbcp;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.jdbc.JdbcConnector;
import io.procrastinate.connector.pgjdbc.PgjdbcConnector;
import org.apache.commons.dbcp2.BasicDataSource;

/**
 * Makes connectors over the application's {@link BasicDataSource}, whose connections are the PostgreSQL JDBC driver's.
 * The pool is used as it is configured, never changed and never closed, and no other connection is made, unless the
 * settings have a URL for listening.
 *
 * <p>A connection that the server ended while it was idle in the pool is replaced before anything is sent on it,
 * whether the pool tests connections or not. One that was used within the last 50 milliseconds is trusted without a
 * check: if it has ended since, the statement fails as transient. No statement is repeated once it has been sent: the
 * server may have executed it.
 *
 * <p>Listening takes one connection out of the pool for as long as it lasts, even if the pool denies access to the
 * underlying connection. With {@link ConnectorSettings#listenUrl()} a connection is made for it instead. Connections
 * that a worker reserves are taken out of the pool, too. If no other connection would be left, the pool lends none for
 * that.
 *
 * <p>A statement waits for a connection no longer than {@link ConnectorSettings#connectTimeout()}. The application must
 * configure the pool to give up dead connections: its {@code validationQueryTimeout} and the driver's
 * {@code loginTimeout} are unlimited by default, so that a server that is gone without an error blocks one connection
 * of the pool after the other.
 */
public final class DbcpConnector {

    private DbcpConnector() {}

    /**
     * Returns a closed connector, to be opened with the application's pool; only the settings about statements count.
     */
    public static JdbcConnector create(ConnectorSettings settings) {
        return PgjdbcConnector.builder("dbcp", settings)
                .applicationPool(
                        BasicDataSource.class, pool -> new DbcpPool(pool, settings.connectTimeout(), System::nanoTime))
                .build();
    }
}

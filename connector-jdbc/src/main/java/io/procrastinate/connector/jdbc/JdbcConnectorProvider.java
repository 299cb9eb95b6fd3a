package io.procrastinate.connector.jdbc;

import com.google.auto.service.AutoService;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ConnectorSettings;

/**
 * Registers the connector {@code jdbc}, for any {@link javax.sql.DataSource} of the application whose connections reach
 * PostgreSQL.
 *
 * <p>Two capabilities are absent. {@link io.procrastinate.connector.Capability#OWN_POOL}: it has no driver of its own
 * to make connections with. {@link io.procrastinate.connector.Capability#LISTEN}: JDBC has no call for notifications,
 * each driver has its own.
 */
@AutoService(ConnectorProvider.class)
public final class JdbcConnectorProvider implements ConnectorProvider {

    /** For the service loader. */
    public JdbcConnectorProvider() {}

    @Override
    public String name() {
        return "jdbc";
    }

    @Override
    public Kind kind() {
        return Kind.SYNCHRONOUS;
    }

    @Override
    public int priority() {
        return -100;
    }

    @Override
    public Connector create(ConnectorSettings settings) {
        return JdbcConnector.create(settings);
    }
}

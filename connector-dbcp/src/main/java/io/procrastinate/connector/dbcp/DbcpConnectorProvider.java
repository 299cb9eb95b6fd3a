package io.procrastinate.connector.dbcp;

import com.google.auto.service.AutoService;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ConnectorSettings;

/**
 * Registers the connector {@code dbcp}, which shares the application's own
 * {@link org.apache.commons.dbcp2.BasicDataSource}.
 *
 * <p>One capability is absent, {@link io.procrastinate.connector.Capability#OWN_POOL}: sharing is what this connector
 * is for, and {@code pgjdbc} opens a pool.
 */
@AutoService(ConnectorProvider.class)
public final class DbcpConnectorProvider implements ConnectorProvider {

    /** Called by the service loader. */
    public DbcpConnectorProvider() {}

    @Override
    public String name() {
        return "dbcp";
    }

    @Override
    public Kind kind() {
        return Kind.SYNCHRONOUS;
    }

    @Override
    public Connector create(ConnectorSettings settings) {
        return DbcpConnector.create(settings);
    }
}

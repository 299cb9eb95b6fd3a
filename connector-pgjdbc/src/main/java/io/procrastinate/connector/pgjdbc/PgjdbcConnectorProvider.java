package io.procrastinate.connector.pgjdbc;

import com.google.auto.service.AutoService;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ConnectorSettings;

/** Registers the connector {@code pgjdbc}, the preferred synchronous one. No capability is absent. */
@AutoService(ConnectorProvider.class)
public final class PgjdbcConnectorProvider implements ConnectorProvider {

    /** For the service loader. */
    public PgjdbcConnectorProvider() {}

    @Override
    public String name() {
        return "pgjdbc";
    }

    @Override
    public Kind kind() {
        return Kind.SYNCHRONOUS;
    }

    @Override
    public int priority() {
        return 100;
    }

    @Override
    public Connector create(ConnectorSettings settings) {
        return PgjdbcConnector.create(settings);
    }
}

package com.example.acme;

import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ConnectorSettings;

/** Registers the connector {@code acme}: {@code META-INF/services} names this class. */
public final class AcmeConnectorProvider implements ConnectorProvider {

    /** For the service loader. */
    public AcmeConnectorProvider() {}

    @Override
    public String name() {
        return AcmeConnector.NAME;
    }

    @Override
    public Kind kind() {
        return Kind.SYNCHRONOUS;
    }

    /** The lowest: without a name, any other connector is chosen before it. */
    @Override
    public int priority() {
        return Integer.MIN_VALUE;
    }

    @Override
    public Connector create(ConnectorSettings settings) {
        return new AcmeConnector(settings);
    }
}

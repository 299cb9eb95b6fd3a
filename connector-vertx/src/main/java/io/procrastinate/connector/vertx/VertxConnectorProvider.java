package io.procrastinate.connector.vertx;

import com.google.auto.service.AutoService;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ConnectorSettings;

/** Registers {@link VertxConnector} under the name {@code vertx}. */
@AutoService(ConnectorProvider.class)
public final class VertxConnectorProvider implements ConnectorProvider {

    /** For the service loader. */
    public VertxConnectorProvider() {}

    @Override
    public String name() {
        return "vertx";
    }

    @Override
    public Kind kind() {
        return Kind.ASYNCHRONOUS;
    }

    @Override
    public int priority() {
        return 100;
    }

    @Override
    public Connector create(ConnectorSettings settings) {
        return VertxConnector.create(settings);
    }
}

package io.procrastinate.connector.r2dbc;

import com.google.auto.service.AutoService;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ConnectorSettings;

/** Registers {@link R2dbcConnector} under the name {@code vertx}. */
@AutoService(ConnectorProvider.class)
public final class R2dbcConnectorProvider implements ConnectorProvider {

    /** For the service loader. */
    public R2dbcConnectorProvider() {}

    @Override
    public String name() {
        return "r2dbc";
    }

    @Override
    public Kind kind() {
        return Kind.ASYNCHRONOUS;
    }

    @Override
    public int priority() {
        return 90;
    }

    @Override
    public Connector create(ConnectorSettings settings) {
        return R2dbcConnector.create(settings);
    }
}

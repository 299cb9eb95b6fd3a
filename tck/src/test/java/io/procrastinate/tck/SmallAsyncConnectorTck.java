package io.procrastinate.tck;

import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import org.junit.jupiter.api.Tag;

/** The kit passes on an asynchronous connector that keeps the contract. */
@Tag("nightly")
class SmallAsyncConnectorTck extends ConnectorTck {

    @Override
    protected Connector create(ConnectorSettings settings) {
        return new SmallAsyncConnector(settings);
    }
}

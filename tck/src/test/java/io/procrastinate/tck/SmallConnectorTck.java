package io.procrastinate.tck;

import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import org.junit.jupiter.api.Tag;

/** The kit passes on a connector that keeps the contract. */
@Tag("nightly")
class SmallConnectorTck extends ConnectorTck {

    @Override
    protected Connector create(ConnectorSettings settings) {
        return new SmallConnector(settings);
    }
}

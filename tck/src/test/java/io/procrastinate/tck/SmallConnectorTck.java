package io.procrastinate.tck;

import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;

/** The kit passes on a connector that keeps the contract. */
class SmallConnectorTck extends ConnectorTck {

    @Override
    protected Connector create(ConnectorSettings settings) {
        return new SmallConnector(settings);
    }
}

package io.procrastinate.tck;

import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.memory.InMemoryConnector;

/** The connector for tests without a database keeps the contract for its declared capabilities. */
class InMemoryConnectorTck extends ConnectorTck {

    /** One for each test, with jobs of its own. */
    private final InMemoryConnector connector = new InMemoryConnector();

    @Override
    protected Connector create(ConnectorSettings settings) {
        return connector;
    }
}

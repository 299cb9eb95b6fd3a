package io.procrastinate.connector.pgjdbc;

import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.tck.ConnectorTck;

class ThreadedPgjdbcConnectorTck extends ConnectorTck {

    @Override
    protected Connector create(ConnectorSettings settings) {
        return PgjdbcConnector.create(settings).threaded();
    }
}

package io.procrastinate.connector.dbcp;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.tck.ConnectorTck;

class DbcpConnectorTck extends ConnectorTck {

    DbcpConnectorTck() {
        super("dbcp");
    }

    @Override
    protected Object openPool(ConnectorSettings settings) {
        return Pools.open(settings);
    }
}

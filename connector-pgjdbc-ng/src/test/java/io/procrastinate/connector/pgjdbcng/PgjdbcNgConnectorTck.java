package io.procrastinate.connector.pgjdbcng;

import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.tck.ApplicationDataSource;
import io.procrastinate.tck.CallerConnection;
import io.procrastinate.tck.ConnectorTck;
import java.util.Set;

class PgjdbcNgConnectorTck extends ConnectorTck {

    @Override
    protected Connector create(ConnectorSettings settings) {
        return PgjdbcNgConnector.create(settings);
    }

    @Override
    protected Set<String> sharedThreads() {
        return Set.of("PG-JDBC I/O");
    }

    @Override
    protected Object openPool(ConnectorSettings settings) {
        return new ApplicationDataSource(ApplicationPool.open(settings), settings);
    }

    @Override
    protected CallerConnection openCallerConnection(ConnectorSettings settings) {
        return ApplicationPool.connect(settings);
    }
}

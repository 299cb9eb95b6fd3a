package io.procrastinate.connector.dbcp;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.tck.ConnectorTck;
import org.apache.commons.dbcp2.BasicDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class DbcpConnectorTck extends ConnectorTck {

    private static final Logger LOGGER = LoggerFactory.getLogger(DbcpConnectorTck.class);

    DbcpConnectorTck() {
        super("dbcp");
    }

    @Override
    protected Object openPool(ConnectorSettings settings) {
        return Pools.open(settings);
    }

    @Override
    protected void closePool(Object pool) throws Exception {
        BasicDataSource closing = (BasicDataSource) pool;
        if (closing.getNumActive() > 0) {
            // A connection that is in use is closed when it comes back, if it does: a test that finds it needs to know.
            LOGGER.info(
                    "The pool of {} is closed with {} connections in use and {} idle",
                    closing.getUrl(),
                    closing.getNumActive(),
                    closing.getNumIdle());
        }
        super.closePool(pool);
    }
}

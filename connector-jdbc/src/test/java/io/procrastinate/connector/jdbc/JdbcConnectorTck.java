package io.procrastinate.connector.jdbc;

import io.procrastinate.tck.ConnectorTck;

class JdbcConnectorTck extends ConnectorTck {

    JdbcConnectorTck() {
        super("jdbc");
    }
}

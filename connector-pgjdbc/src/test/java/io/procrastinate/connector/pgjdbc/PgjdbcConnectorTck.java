package io.procrastinate.connector.pgjdbc;

import io.procrastinate.tck.ConnectorTck;

class PgjdbcConnectorTck extends ConnectorTck {

    PgjdbcConnectorTck() {
        super("pgjdbc");
    }
}

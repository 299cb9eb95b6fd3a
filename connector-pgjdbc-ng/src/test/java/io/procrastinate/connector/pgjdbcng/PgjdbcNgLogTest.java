package io.procrastinate.connector.pgjdbcng;

import io.procrastinate.jdbc.contract.JdbcLogContract;

class PgjdbcNgLogTest extends JdbcLogContract {

    PgjdbcNgLogTest() {
        super(PgjdbcNgConnector::create);
    }
}

package io.procrastinate.connector.pgjdbc;

import io.procrastinate.jdbc.contract.JdbcLogContract;

class PgjdbcLogTest extends JdbcLogContract {

    PgjdbcLogTest() {
        super(PgjdbcConnector::create);
    }
}

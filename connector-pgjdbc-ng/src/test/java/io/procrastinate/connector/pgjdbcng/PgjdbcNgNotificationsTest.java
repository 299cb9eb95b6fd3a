package io.procrastinate.connector.pgjdbcng;

import io.procrastinate.jdbc.contract.JdbcNotificationsContract;
import io.procrastinate.tck.TestDatabase;
import javax.sql.DataSource;

class PgjdbcNgNotificationsTest extends JdbcNotificationsContract {

    PgjdbcNgNotificationsTest() {
        super(PgjdbcNgConnector::create, "com.impossibl.postgres.api.jdbc.PGConnection");
    }

    @Override
    protected DataSource dataSource(TestDatabase where) {
        return ApplicationPool.open(where.settings());
    }

    @Override
    protected DataSource foreignDataSource(TestDatabase where) {
        return where.dataSource();
    }
}

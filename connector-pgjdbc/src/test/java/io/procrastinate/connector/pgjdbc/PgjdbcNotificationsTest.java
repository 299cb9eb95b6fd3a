package io.procrastinate.connector.pgjdbc;

import io.procrastinate.jdbc.contract.JdbcNotificationsContract;
import io.procrastinate.tck.TestDatabase;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import javax.sql.DataSource;

class PgjdbcNotificationsTest extends JdbcNotificationsContract {

    PgjdbcNotificationsTest() {
        super(PgjdbcConnector::create, "org.postgresql.PGConnection");
    }

    @Override
    protected DataSource dataSource(TestDatabase where) {
        return where.dataSource();
    }

    @Override
    protected DataSource foreignDataSource(TestDatabase where) {
        return (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> opaque(where.connect()));
    }

    private static Connection opaque(Connection connection) {
        return (Connection) Proxy.newProxyInstance(
                PgjdbcNotificationsTest.class.getClassLoader(),
                new Class<?>[] {Connection.class},
                (proxy, method, arguments) ->
                        method.getName().equals("isWrapperFor") ? false : method.invoke(connection, arguments));
    }
}

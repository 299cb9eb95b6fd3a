import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.pgjdbc.PgjdbcConnectorProvider;

/** The connector {@code pgjdbc}. */
module io.procrastinate.connector.pgjdbc {
    requires static com.google.auto.service;
    requires com.zaxxer.hikari;
    requires transitive io.procrastinate.connector.jdbc;
    requires org.postgresql.jdbc;
    requires org.slf4j;

    exports io.procrastinate.connector.pgjdbc;

    provides ConnectorProvider with
            PgjdbcConnectorProvider;
}

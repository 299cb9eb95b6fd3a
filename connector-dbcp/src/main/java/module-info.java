import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.dbcp.DbcpConnectorProvider;

/** The connector {@code dbcp}. */
module io.procrastinate.connector.dbcp {
    requires static com.google.auto.service;
    requires transitive io.procrastinate.connector.jdbc;
    requires io.procrastinate.connector.pgjdbc;
    requires transitive org.apache.commons.dbcp2;
    requires org.postgresql.jdbc;
    requires org.slf4j;

    exports io.procrastinate.connector.dbcp;

    provides ConnectorProvider with
            DbcpConnectorProvider;
}

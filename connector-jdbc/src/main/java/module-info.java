import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.jdbc.JdbcConnectorProvider;

/** The connector {@code jdbc}, and what all JDBC connectors share. */
module io.procrastinate.connector.jdbc {
    requires static com.google.auto.service;
    requires static com.zaxxer.hikari;
    requires transitive io.procrastinate.api;
    requires java.logging;
    requires org.slf4j;

    exports io.procrastinate.connector.jdbc;

    provides ConnectorProvider with
            JdbcConnectorProvider;
}

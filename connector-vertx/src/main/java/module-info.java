import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.vertx.VertxConnectorProvider;

/** The connector {@code vertx}. */
module io.procrastinate.connector.vertx {
    requires static com.google.auto.service;
    requires com.ongres.scram.client;
    requires io.netty.common;
    requires io.netty.transport;
    requires transitive io.procrastinate.api;
    requires transitive io.vertx.core;
    requires transitive io.vertx.sql.client;
    requires io.vertx.sql.client.pg;
    requires org.slf4j;

    exports io.procrastinate.connector.vertx;

    provides ConnectorProvider with
            VertxConnectorProvider;
}

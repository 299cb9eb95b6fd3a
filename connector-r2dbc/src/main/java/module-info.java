import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.r2dbc.R2dbcConnectorProvider;

/** The connector {@code r2dbc}. */
module io.procrastinate.connector.r2dbc {
    requires static com.google.auto.service;
    requires io.netty.buffer;
    requires io.netty.common;
    // The driver is no module and cannot declare what it needs.
    requires io.netty.handler;
    requires io.netty.handler.proxy;
    requires io.netty.resolver.dns;
    requires io.netty.transport;
    requires transitive io.procrastinate.api;
    requires org.reactivestreams;
    requires org.slf4j;
    requires r2dbc.pool;
    requires r2dbc.postgresql;
    requires r2dbc.spi;
    requires reactor.core;
    requires reactor.netty.core;

    exports io.procrastinate.connector.r2dbc;

    provides ConnectorProvider with
            R2dbcConnectorProvider;
}

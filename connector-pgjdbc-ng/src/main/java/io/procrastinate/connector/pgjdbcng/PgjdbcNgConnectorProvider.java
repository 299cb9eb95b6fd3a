package io.procrastinate.connector.pgjdbcng;

import com.google.auto.service.AutoService;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ConnectorSettings;

/**
 * Registers the connector {@code pgjdbc-ng}, the alternative synchronous one.
 *
 * <p>One capability is absent, {@link io.procrastinate.connector.Capability#UNPREPARED}: whatever its settings, the
 * driver prepares statements of its own to begin and end transactions and to look up types.
 *
 * <p>Its driver has no TCP keep-alive: the connection that listens is pinged instead. It sets variables, the schema
 * among them, by a statement on each new connection, not in the start-up packet. It trusts only the authorities in a
 * file. On a connection of the caller, a statement that DDL has made stale (SQLSTATE 0A000) stays stale until that
 * connection is closed. A server that accepts a connection and then stays silent blocks one thread for up to two
 * minutes, but no caller.
 */
@AutoService(ConnectorProvider.class)
public final class PgjdbcNgConnectorProvider implements ConnectorProvider {

    /** For the service loader. */
    public PgjdbcNgConnectorProvider() {}

    @Override
    public String name() {
        return "pgjdbc-ng";
    }

    @Override
    public Kind kind() {
        return Kind.SYNCHRONOUS;
    }

    @Override
    public int priority() {
        return 50;
    }

    @Override
    public Connector create(ConnectorSettings settings) {
        return PgjdbcNgConnector.create(settings);
    }
}

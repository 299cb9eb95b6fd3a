package io.procrastinate.worker;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A worker's own connection, of the connector's blocking side like all of its statements. Reserved by the first
 * statement: before the app is open, that side may be another connector. Thread-safe.
 */
final class OwnConnection implements ReservedConnection {

    private final AsyncConnector connector;
    private @Nullable ReservedConnection reserved;

    OwnConnection(AsyncConnector connector) {
        this.connector = connector;
    }

    @Override
    public CompletionStage<List<Row>> execute(BoundQuery query) {
        return reserved().execute(query);
    }

    private synchronized ReservedConnection reserved() {
        ReservedConnection connection = reserved;
        if (connection == null) {
            connection = connector.sync().reserve();
            reserved = connection;
        }
        return connection;
    }

    @Override
    public synchronized void close() {
        if (reserved != null) {
            reserved.close();
        }
    }
}

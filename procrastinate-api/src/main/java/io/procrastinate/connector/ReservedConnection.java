package io.procrastinate.connector;

import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * A connection for one purpose, which nobody else uses: its statements wait for each other, never for those who share the pool.
 * Thread-safe.
 *
 * <p>The first statement takes the connection: where the connector has a pool of its own, one besides that pool; else one of the
 * application's pool, which is kept until this is closed. A connection that is lost is thrown away, and the next statement takes
 * another one. A pool of the application that has no connection to spare beside it is refused by a
 * {@link io.procrastinate.exception.ConnectorException} that says so: what was borrowed goes back.
 *
 * <p>After the connector has been closed, statements fail with {@link io.procrastinate.exception.AppNotOpenException}; when it has
 * been opened again, the next statement takes a connection as the first one did.
 */
public interface ReservedConnection extends AutoCloseable {

    /**
     * Executes a query and commits it, as {@link AsyncConnector#execute(BoundQuery)}. Statements are executed one after the other,
     * in the order of the calls, each within its own deadline, which counts from its turn at the latest. Over a
     * {@link SyncConnector} the calling thread does it, and the stage is complete when this method returns. A statement that the
     * server may have executed is not sent again. Never throws: failures are the stage's.
     */
    CompletionStage<List<Row>> execute(BoundQuery query);

    /**
     * Ends the connection, or gives it back to the application's pool, at once or when the statement under way has ended; later
     * ones fail with a {@link io.procrastinate.exception.ConnectorException}. Closing twice does nothing; it neither throws nor
     * waits for the server.
     */
    @Override
    void close();
}

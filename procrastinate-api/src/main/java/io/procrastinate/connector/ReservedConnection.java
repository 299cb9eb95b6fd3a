package io.procrastinate.connector;

import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * A connection for one purpose, which nothing else uses: its statements wait for each other, never for other users of
 * the pool. Thread-safe.
 *
 * <p>The first statement takes the connection: if the connector has a pool of its own, one besides that pool; else one
 * of the application's pool, which is kept until this is closed. A lost connection is thrown away, and the next
 * statement takes another one. If the application's pool could not spare another connection besides it, the statement
 * fails with a {@link io.procrastinate.exception.ConnectorException} that says so, with the words "pool" and "needed",
 * and the connection is returned.
 *
 * <p>After the connector has been closed, statements fail with {@link io.procrastinate.exception.AppNotOpenException};
 * after it has been opened again, the next statement takes a connection as the first one did.
 */
public interface ReservedConnection extends AutoCloseable {

    /**
     * Executes a query and commits it, as {@link AsyncConnector#execute(BoundQuery)}. Statements are executed one after
     * the other, in the order of the calls, each within its own deadline, which starts no later than its turn. Over a
     * {@link SyncConnector} the calling thread executes them, and the stage is complete when this method returns. A
     * statement that the server may have executed is not sent again. Never throws: failures complete the stage.
     */
    CompletionStage<List<Row>> execute(BoundQuery query);

    /**
     * Ends the connection, or returns it to the application's pool, immediately or when the running statement has
     * ended; later ones fail with a {@link io.procrastinate.exception.ConnectorException}. Closing twice does nothing;
     * it neither throws nor waits for the server.
     */
    @Override
    void close();
}

package io.procrastinate.connector;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A connector whose calls return at once, with a stage that completes when the database has answered. It does everything:
 * defers, administers, listens, and carries workers.
 *
 * <p>Every stage completes, at the latest when the query's deadline has passed. Failures complete the stage with the
 * exceptions that {@link SyncConnector} throws from the method of the same meaning, not wrapped in a
 * {@link java.util.concurrent.CompletionException}; no method that answers a stage throws by itself. Stages may complete on a
 * thread of the driver: what depends on them must not block.
 */
public non-sealed interface AsyncConnector extends Connector {

    /**
     * Opens the connector, as {@link SyncConnector#open}. A synchronous counterpart that {@link #sync()} had made is closed.
     *
     * @param pool the application's pool, or null for a pool of its own
     */
    CompletionStage<@Nullable Void> openAsync(@Nullable Object pool);

    /**
     * Closes what the connector opened itself, as {@link SyncConnector#close}, and every subscription. While it is being
     * opened, that ends first: the connector is closed when this stage completes, and nothing is left open.
     */
    CompletionStage<@Nullable Void> closeAsync();

    /** Executes a query on a connection of the pool and commits it, as {@link SyncConnector#execute(BoundQuery)}. */
    CompletionStage<List<Row>> execute(BoundQuery query);

    /**
     * Executes a query on a connection of the caller, inside the caller's transaction, as
     * {@link SyncConnector#execute(BoundQuery, Object)}.
     */
    CompletionStage<List<Row>> execute(BoundQuery query, Object connection);

    /** Runs a script of several statements in one transaction, as {@link SyncConnector#runScript}. */
    CompletionStage<@Nullable Void> runScript(String sql);

    /**
     * Listens on channels until the subscription is closed, on a connection that queries do not use. Returns at once; the
     * connection is made in the background, is pinged while nothing arrives, and after any loss is made again with
     * {@linkplain io.procrastinate.driver.Backoff capped, jittered backoff}. The listener hears of every connection made and lost. A connection on which
     * the server answers {@link io.procrastinate.driver.SignOfLife} read-only counts as lost.
     *
     * @param channels at least one; any text is a valid channel name
     * @throws io.procrastinate.exception.AppNotOpenException when the connector is not open
     * @throws io.procrastinate.exception.ConnectorException when the connector cannot listen at all
     */
    Subscription listen(Collection<String> channels, NotificationListener listener);
}

package io.procrastinate.connector;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A connector whose calls return immediately, with a stage that completes when the database has answered. It does
 * everything: defers, administers, listens, and runs workers.
 *
 * <p>Every stage completes, at the latest when the query's deadline has passed. Failures complete the stage with the
 * exceptions that {@link SyncConnector} throws from the method of the same meaning, not wrapped in a
 * {@link java.util.concurrent.CompletionException}; no method that returns a stage throws an exception itself. Stages
 * may complete on a thread of the driver: what depends on them must not block.
 */
public non-sealed interface AsyncConnector extends Connector {

    /**
     * Opens the connector, as {@link SyncConnector#open}. A synchronous counterpart that {@link #sync()} has made is
     * closed.
     *
     * @param pool the application's pool, or null for a pool of its own
     */
    CompletionStage<@Nullable Void> openAsync(@Nullable Object pool);

    /**
     * Closes what the connector opened itself, as {@link SyncConnector#close}, and every subscription. If the connector
     * is still being opened, that finishes first: when this stage completes, the connector is closed and nothing is
     * left open.
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
     * Listens on channels until the subscription is closed, on a connection that queries do not use. Returns
     * immediately; the connection is made in the background, pinged while nothing arrives, and after any loss made
     * again with {@linkplain io.procrastinate.driver.Backoff capped, jittered backoff}. The listener is notified of
     * every connection made and lost. If {@link io.procrastinate.driver.ListeningCheck} finds that its server is
     * read-only, a connection counts as lost.
     *
     * @param channels at least one; any text is a valid channel name
     * @throws io.procrastinate.exception.AppNotOpenException if the connector is not open
     * @throws io.procrastinate.exception.ConnectorException if the connector cannot listen at all
     */
    Subscription listen(Collection<String> channels, NotificationListener listener);
}

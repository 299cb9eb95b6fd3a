package io.procrastinate.adapter;

import io.procrastinate.annotation.Internal;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Executes queries for job logic that is written once: over an asynchronous connector the stages complete later, over a
 * synchronous one they are complete when the call returns, so that a blocking call is a plain blocking call.
 *
 * @hidden
 */
@Internal
@FunctionalInterface
public interface QueryExecutor {

    /**
     * How often {@link #repeatingUndone()} sends a statement again.
     *
     * @hidden
     */
    @Internal
    int MOST_REPETITIONS = 5;

    /**
     * Executes a query.
     *
     * @param connection a connection of the caller to execute on, or null for one of the pool
     */
    CompletionStage<List<Row>> execute(BoundQuery query, @Nullable Object connection);

    /**
     * Returns an executor that also repeats a statement that was undone only because of concurrent transactions, for
     * instance by a deadlock; a few times at most, and never on the caller's connection, whose transaction is lost
     * then.
     */
    default QueryExecutor repeatingUndone() {
        return (query, connection) ->
                connection == null ? repeatingUndone(query, MOST_REPETITIONS) : execute(query, connection);
    }

    private CompletionStage<List<Row>> repeatingUndone(BoundQuery query, int left) {
        CompletionStage<List<Row>> attempt = execute(query, null);
        return left == 0
                ? attempt
                : attempt.exceptionallyCompose(failure -> Stages.cause(failure) instanceof ConnectorException refusal
                                && SqlState.isUndoneByOthers(refusal.sqlState())
                        ? repeatingUndone(query, left - 1)
                        : attempt);
    }

    /** Executes on an asynchronous connector. */
    static QueryExecutor of(AsyncConnector connector) {
        return (query, connection) ->
                connection == null ? connector.execute(query) : connector.execute(query, connection);
    }

    /** Executes on the calling thread, on the synchronous connector that the supplier returns at each call. */
    static QueryExecutor blocking(Supplier<SyncConnector> connector) {
        return (query, connection) -> {
            try {
                SyncConnector current = connector.get();
                return CompletableFuture.completedFuture(
                        connection == null ? current.execute(query) : current.execute(query, connection));
            } catch (RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            }
        };
    }
}

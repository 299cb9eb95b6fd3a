package io.procrastinate.tck;

import io.procrastinate.adapter.BlockingConnector;
import io.procrastinate.adapter.ThreadedConnector;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SyncConnector;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The connector under test, called in one way whatever its kind. Every method waits for the connector's answer. */
sealed interface Subject extends AutoCloseable {

    static Subject of(Connector connector, Calls calls, ConnectorSettings settings) {
        return switch (calls) {
            case BLOCKING -> new Blocking(connector, blocking(connector, settings));
            case STAGES -> new Staged(connector, staged(connector));
        };
    }

    private static SyncConnector blocking(Connector connector, ConnectorSettings settings) {
        if (connector instanceof SyncConnector sync) {
            return sync;
        }
        return new BlockingConnector((AsyncConnector) connector, settings);
    }

    private static AsyncConnector staged(Connector connector) {
        if (connector instanceof SyncConnector sync) {
            return ThreadedConnector.over(sync);
        }
        return (AsyncConnector) connector;
    }

    /** The connector as created by its author. */
    Connector created();

    /** The connector as it is called: {@link #created} or a view of it. */
    Connector called();

    default boolean isOpen() {
        return called().isOpen();
    }

    void open(@Nullable Object pool);

    @Override
    void close();

    List<Row> execute(BoundQuery query);

    List<Row> execute(BoundQuery query, Object connection);

    void runScript(String sql);

    /** The only row of a result. */
    default Row row(BoundQuery query) {
        return only(execute(query));
    }

    /** The only row of a result. */
    default Row row(BoundQuery query, Object connection) {
        return only(execute(query, connection));
    }

    private static Row only(List<Row> rows) {
        if (rows.size() != 1) {
            throw new AssertionError("Expected one row, got " + rows.size());
        }
        return rows.get(0);
    }

    /** Calls a synchronous connector. */
    record Blocking(Connector created, SyncConnector called) implements Subject {

        @Override
        public void open(@Nullable Object pool) {
            called.open(pool);
        }

        @Override
        public void close() {
            called.close();
        }

        @Override
        public List<Row> execute(BoundQuery query) {
            return called.execute(query);
        }

        @Override
        public List<Row> execute(BoundQuery query, Object connection) {
            return called.execute(query, connection);
        }

        @Override
        public void runScript(String sql) {
            called.runScript(sql);
        }
    }

    /** Calls an asynchronous connector. */
    record Staged(Connector created, AsyncConnector called) implements Subject {

        @Override
        public void open(@Nullable Object pool) {
            await("openAsync", () -> called.openAsync(pool));
        }

        @Override
        public void close() {
            await("closeAsync", called::closeAsync);
        }

        @Override
        public List<Row> execute(BoundQuery query) {
            return await("execute", () -> called.execute(query));
        }

        @Override
        public List<Row> execute(BoundQuery query, Object connection) {
            return await("execute", () -> called.execute(query, connection));
        }

        @Override
        public void runScript(String sql) {
            await("runScript", () -> called.runScript(sql));
        }

        /** Throws the exact exception that the stage completed with: a wrapper around it stays visible. */
        private static <T extends @Nullable Object> T await(String method, Supplier<CompletionStage<T>> call) {
            CompletionStage<T> stage;
            try {
                stage = call.get();
            } catch (RuntimeException e) {
                throw new AssertionError(
                        "AsyncConnector." + method + " threw instead of completing its stage with the exception", e);
            }
            CompletableFuture<Settled<T>> settled = new CompletableFuture<>();
            CompletionStage<T> watched =
                    stage.whenComplete((value, failure) -> settled.complete(new Settled<>(value, failure)));
            return outcome(method, settled, watched).get();
        }

        private static <T extends @Nullable Object> Settled<T> outcome(
                String method, CompletableFuture<Settled<T>> settled, CompletionStage<T> watched) {
            try {
                return settled.get(Patience.bound().toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                throw new AssertionError(
                        "The stage of AsyncConnector." + method + " did not complete within " + Patience.bound() + ": "
                                + watched,
                        e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("Interrupted while waiting for AsyncConnector." + method, e);
            } catch (ExecutionException e) {
                throw new AssertionError("A stage that is never failed failed", e);
            }
        }
    }

    /**
     * What a stage completed with.
     *
     * @param value the value, or null if it failed
     * @param failure the failure as the stage gave it, or null if it succeeded
     */
    record Settled<T extends @Nullable Object>(
            @Nullable T value, @Nullable Throwable failure) {

        @SuppressWarnings("NullAway") // a stage that succeeded has a value of its type, which may itself be null
        T get() {
            if (failure != null) {
                failure.addSuppressed(new CallerTrace());
            }
            if (failure instanceof RuntimeException exception) {
                throw exception;
            }
            if (failure instanceof Error error) {
                throw error;
            }
            if (failure != null) {
                throw new AssertionError("The stage failed with a checked exception", failure);
            }
            return value;
        }
    }

    /** Shows, below an exception that was created on another thread, which line of the test made the call. */
    final class CallerTrace extends Exception {

        private static final long serialVersionUID = 1L;

        CallerTrace() {
            super("called from");
        }
    }
}

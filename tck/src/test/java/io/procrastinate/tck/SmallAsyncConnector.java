package io.procrastinate.tck;

import io.procrastinate.adapter.SyncCounterpart;
import io.procrastinate.adapter.ThreadedConnector;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.ParameterSupport;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.Subscription;
import io.procrastinate.connector.SyncConnector;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An asynchronous connector for the kit's own tests: its stages complete on one thread that must not block. */
class SmallAsyncConnector implements AsyncConnector {

    private static final String LOOP = "tck-event-loop";

    final AsyncConnector below;
    private final SyncCounterpart counterpart;
    private final ThreadPoolExecutor loop;

    SmallAsyncConnector(ConnectorSettings settings, SyncConnector below) {
        this.below = ThreadedConnector.over(below);
        this.counterpart = new SyncCounterpart(
                this, settings, () -> new SmallAsyncConnector(settings, new SmallConnector(settings)));
        this.loop = new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, LOOP);
            thread.setDaemon(true);
            return thread;
        });
        this.loop.allowCoreThreadTimeOut(true);
    }

    SmallAsyncConnector(ConnectorSettings settings) {
        this(settings, new SmallConnector(settings));
    }

    @Override
    public String name() {
        return below.name();
    }

    @Override
    public Set<Capability> capabilities() {
        return below.capabilities();
    }

    @Override
    public ParameterSupport parameterSupport() {
        return below.parameterSupport();
    }

    @Override
    public boolean accepts(Object pool) {
        return below.accepts(pool);
    }

    @Override
    public boolean isOpen() {
        return below.isOpen();
    }

    @Override
    public SyncConnector sync() {
        return counterpart.get();
    }

    @Override
    public CompletionStage<@Nullable Void> openAsync(@Nullable Object pool) {
        counterpart.drop();
        return onLoop(below.openAsync(pool));
    }

    @Override
    public CompletionStage<@Nullable Void> closeAsync() {
        counterpart.drop();
        return onLoop(below.closeAsync());
    }

    @Override
    public CompletionStage<List<Row>> execute(BoundQuery query) {
        return onLoop(below.execute(query));
    }

    @Override
    public CompletionStage<List<Row>> execute(BoundQuery query, Object connection) {
        return onLoop(below.execute(query, connection));
    }

    @Override
    public CompletionStage<@Nullable Void> runScript(String sql) {
        return onLoop(below.runScript(sql));
    }

    @Override
    public Subscription listen(Collection<String> channels, NotificationListener listener) {
        return below.listen(channels, listener);
    }

    @Override
    public ReservedConnection reserve() {
        ReservedConnection reserved = below.reserve();
        return new ReservedConnection() {
            @Override
            public CompletionStage<List<Row>> execute(BoundQuery query) {
                return onLoop(reserved.execute(query));
            }

            @Override
            public void close() {
                reserved.close();
            }
        };
    }

    @Override
    public boolean isOnNonBlockingThread() {
        return Thread.currentThread().getName().equals(LOOP);
    }

    /** Completes with the exception itself, without the wrapper of a dependent stage. */
    <T extends @Nullable Object> CompletionStage<T> onLoop(CompletionStage<T> stage) {
        CompletableFuture<T> result = new CompletableFuture<>();
        CompletionStage<T> forwarded = stage.whenCompleteAsync(
                (value, failure) -> {
                    if (failure == null) {
                        result.complete(value);
                    } else {
                        result.completeExceptionally(failure);
                    }
                },
                loop);
        assert forwarded != result;
        return result;
    }
}

package io.procrastinate.adapter;

import io.procrastinate.annotation.Internal;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.ParameterSupport;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SharedPool;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.BlockingNotAllowedException;
import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A synchronous view of an asynchronous connector: its calls wait for the stages. On a thread that must not block (see
 * {@link #isOnNonBlockingThread()}) they fail immediately with {@link BlockingNotAllowedException}, before anything is
 * sent, instead of deadlocking.
 *
 * @hidden
 */
@Internal
public final class BlockingConnector implements SyncConnector {

    /** How long beyond its own deadline a stage may take to report that it has passed. */
    private static final Duration GRACE = Duration.ofSeconds(5);

    private final AsyncConnector connector;
    private final ConnectorSettings settings;

    /** Views a connector whose statements have the deadlines of these settings. */
    public BlockingConnector(AsyncConnector connector, ConnectorSettings settings) {
        this.connector = connector;
        this.settings = settings;
    }

    @Override
    public String name() {
        return connector.name();
    }

    /** Those of the asynchronous connector without listening: use that connector to listen. */
    @Override
    public Set<Capability> capabilities() {
        Set<Capability> capabilities = EnumSet.noneOf(Capability.class);
        capabilities.addAll(connector.capabilities());
        capabilities.remove(Capability.LISTEN);
        return capabilities;
    }

    @Override
    public boolean accepts(Object pool) {
        return connector.accepts(pool);
    }

    @Override
    public ParameterSupport parameterSupport() {
        return connector.parameterSupport();
    }

    @Override
    public boolean isOpen() {
        return connector.isOpen();
    }

    @Override
    public void open(@Nullable Object pool) {
        await(() -> connector.openAsync(pool), settings.connectTimeout());
    }

    @Override
    public void close() {
        await(connector::closeAsync, settings.connectTimeout());
    }

    @Override
    public List<Row> execute(BoundQuery query) {
        requireOpen();
        return await(() -> connector.execute(query), query.deadline(settings));
    }

    @Override
    public List<Row> execute(BoundQuery query, Object connection) {
        return await(() -> connector.execute(query, connection), query.deadline(settings));
    }

    @Override
    public void runScript(String sql) {
        requireOpen();
        await(() -> connector.runScript(sql), settings.statementTimeout());
    }

    @Override
    public ListenSession listen(Collection<String> channels) {
        throw ConnectorException.refusal(
                "The blocking view of the connector '" + name() + "' does not listen: the connector itself does.");
    }

    @Override
    public ReservedConnection reserve() {
        ReservedConnection reserved = connector.reserve();
        return new ReservedConnection() {
            @Override
            public CompletionStage<List<Row>> execute(BoundQuery query) {
                try {
                    requireOpen();
                    // Earlier statements on the reserved connection may take as long.
                    return CompletableFuture.completedFuture(await(
                            () -> reserved.execute(query),
                            query.deadline(settings).plus(settings.statementTimeout())));
                } catch (RuntimeException e) {
                    return CompletableFuture.failedFuture(e);
                }
            }

            @Override
            public void close() {
                reserved.close();
            }
        };
    }

    @Override
    public Optional<SharedPool> sharedPool() {
        return connector.sharedPool();
    }

    AsyncConnector viewed() {
        return connector;
    }

    /** As the asynchronous connector says. */
    @Override
    public boolean isOnNonBlockingThread() {
        return connector.isOnNonBlockingThread();
    }

    private void requireMayBlock() {
        requireMayBlock(connector);
    }

    static void requireMayBlock(AsyncConnector connector) {
        if (connector.isOnNonBlockingThread()) {
            throw new BlockingNotAllowedException("A blocking call on the thread '"
                    + Thread.currentThread().getName() + "' of the connector '" + connector.name()
                    + "' would never return. Use the asynchronous call of the same name, or call from a thread that may"
                    + " block.");
        }
    }

    /** The connector's own message would recommend the asynchronous call. */
    private void requireOpen() {
        requireMayBlock();
        if (!connector.isOpen()) {
            throw new AppNotOpenException("The connector '" + name()
                    + "' is not open. Call app.open(), app.openAsync() or app.runWorker() first.");
        }
    }

    private <T extends @Nullable Object> T await(Supplier<CompletionStage<T>> call, Duration deadline) {
        requireMayBlock();
        return Stages.join(call.get(), deadline.plus(settings.connectTimeout()).plus(GRACE));
    }
}

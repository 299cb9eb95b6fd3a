package io.procrastinate.adapter;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SharedPool;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.BlockingNotAllowedException;
import io.procrastinate.exception.ConnectorException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A synchronous connector that serves the blocking calls of an asynchronous one until that is opened. It blocks no
 * thread that must not wait for that connector, and takes no pool that that connector would refuse. Thread-safe.
 */
final class StandIn implements SyncConnector {

    private final SyncConnector blocking;
    private final AsyncConnector absent;

    StandIn(SyncConnector blocking, AsyncConnector absent) {
        this.blocking = blocking;
        this.absent = absent;
    }

    @Override
    public String name() {
        return blocking.name();
    }

    @Override
    public Set<Capability> capabilities() {
        return blocking.capabilities();
    }

    /** Accepts what both connectors take. */
    @Override
    public boolean accepts(Object pool) {
        return absent.accepts(pool) && blocking.accepts(pool);
    }

    @Override
    public boolean isOpen() {
        return blocking.isOpen();
    }

    @Override
    public void open(@Nullable Object pool) {
        requireMayBlock();
        if (pool != null && !accepts(pool)) {
            throw ConnectorException.refusal("The connector '" + name() + "' only stands in for '" + absent.name()
                    + "' until that one is opened. It takes no pool of the class "
                    + pool.getClass().getName() + ", which may be one of another database. Open '" + absent.name()
                    + "' with the pool, or choose the connector that takes it.");
        }
        blocking.open(pool);
    }

    @Override
    public void close() {
        requireMayBlock();
        blocking.close();
    }

    @Override
    public List<Row> execute(BoundQuery query) {
        requireMayBlock();
        return blocking.execute(query);
    }

    @Override
    public List<Row> execute(BoundQuery query, Object connection) {
        requireMayBlock();
        return blocking.execute(query, connection);
    }

    @Override
    public void runScript(String sql) {
        requireMayBlock();
        blocking.runScript(sql);
    }

    @Override
    public ListenSession listen(Collection<String> channels) {
        requireMayBlock();
        return blocking.listen(channels);
    }

    @Override
    public ReservedConnection reserve() {
        ReservedConnection reserved = blocking.reserve();
        return new ReservedConnection() {

            @Override
            public CompletionStage<List<Row>> execute(BoundQuery query) {
                try {
                    requireMayBlock();
                } catch (BlockingNotAllowedException e) {
                    return CompletableFuture.failedFuture(e);
                }
                return reserved.execute(query);
            }

            @Override
            public void close() {
                reserved.close();
            }
        };
    }

    @Override
    public Optional<SharedPool> sharedPool() {
        return blocking.sharedPool();
    }

    /** As the asynchronous connector: its threads must not block here either. */
    @Override
    public boolean isOnNonBlockingThread() {
        return absent.isOnNonBlockingThread();
    }

    /** As the connector that serves the calls. */
    @Override
    public String toString() {
        return blocking.toString();
    }

    private void requireMayBlock() {
        BlockingConnector.requireMayBlock(absent);
    }
}

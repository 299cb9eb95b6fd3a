package io.procrastinate.adapter;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.ParameterSupport;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SharedPool;
import io.procrastinate.connector.SqlState;
import io.procrastinate.connector.Subscription;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.BlockingThreads;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An asynchronous connector over any synchronous one: each call runs on a thread that may block, a virtual one if Java
 * has them. This lets an application with a plain JDBC driver run workers. The synchronous counterpart is the wrapped
 * connector itself, over the same pool, with no detour through threads.
 */
public final class ThreadedConnector implements AsyncConnector {

    private static final Logger LOGGER = LoggerFactory.getLogger(ThreadedConnector.class);

    private static final ThreadFactory SINGLE_CALLS = BlockingThreads.daemons("procrastinate-call");

    private final SyncConnector blocking;
    private final Set<ListenLoop> loops = ConcurrentHashMap.newKeySet();
    private volatile @Nullable ExecutorService threads;
    private @Nullable CompletableFuture<@Nullable Void> opening;

    private ThreadedConnector(SyncConnector blocking) {
        this.blocking = blocking;
    }

    /**
     * Wraps a synchronous connector as an asynchronous one over the same pool: its calls run on threads of their own.
     * Opening or closing either also opens or closes the other. If the connector is the blocking view of an
     * asynchronous one, returns that.
     */
    public static AsyncConnector over(SyncConnector blocking) {
        return blocking instanceof BlockingConnector view ? view.viewed() : new ThreadedConnector(blocking);
    }

    @Override
    public String name() {
        return blocking.name();
    }

    @Override
    public Set<Capability> capabilities() {
        return blocking.capabilities();
    }

    @Override
    public boolean accepts(Object pool) {
        return blocking.accepts(pool);
    }

    @Override
    public ParameterSupport parameterSupport() {
        return blocking.parameterSupport();
    }

    @Override
    public boolean isOpen() {
        return threads != null && blocking.isOpen();
    }

    @Override
    public SyncConnector sync() {
        return blocking;
    }

    @Override
    public synchronized CompletionStage<@Nullable Void> openAsync(@Nullable Object pool) {
        if (isOpen()) {
            return CompletableFuture.completedFuture(null);
        }
        CompletableFuture<@Nullable Void> under = opening;
        if (under != null && !under.isDone()) {
            return under;
        }
        ExecutorService executor = BlockingThreads.perTask("procrastinate-" + name());
        CompletableFuture<@Nullable Void> result = on(executor, () -> {
            try {
                blocking.open(pool);
                keep(executor);
            } finally {
                if (threads != executor) {
                    executor.shutdown();
                }
            }
            return null;
        });
        opening = result;
        return result;
    }

    private synchronized void keep(ExecutorService opened) {
        if (threads == null) {
            threads = opened;
        }
    }

    @Override
    public CompletionStage<@Nullable Void> closeAsync() {
        ExecutorService closing;
        synchronized (this) {
            CompletableFuture<@Nullable Void> under = opening;
            if (under != null && !under.isDone()) {
                return onItsOwn(() -> closeAfter(under));
            }
            closing = threads;
            threads = null;
        }
        List.copyOf(loops).forEach(ListenLoop::close);
        if (closing == null) {
            return onItsOwn(() -> {
                blocking.close();
                return null;
            });
        }
        return on(closing, () -> {
            try {
                blocking.close();
            } finally {
                closing.shutdown();
            }
            return null;
        });
    }

    private @Nullable Void closeAfter(CompletableFuture<@Nullable Void> under) {
        try {
            Stages.join(under);
        } catch (RuntimeException | Error e) {
            // The caller of open gets the failure; closing has less to do then.
            LOGGER.debug("The connector '{}' is closed after it failed to open", name(), e);
        }
        return Stages.join(closeAsync());
    }

    @Override
    public CompletionStage<List<Row>> execute(BoundQuery query) {
        return call(() -> blocking.execute(query));
    }

    @Override
    public CompletionStage<List<Row>> execute(BoundQuery query, Object connection) {
        // The caller's connection is open even if this connector is not.
        ExecutorService open = threads;
        Supplier<List<Row>> call = () -> blocking.execute(query, connection);
        return open != null ? on(open, call) : onItsOwn(call);
    }

    @Override
    public CompletionStage<@Nullable Void> runScript(String sql) {
        return call(() -> {
            blocking.runScript(sql);
            return null;
        });
    }

    @Override
    public ReservedConnection reserve() {
        return new ThreadedReservation(blocking.reserve(), this::call);
    }

    @Override
    public Optional<SharedPool> sharedPool() {
        return blocking.sharedPool();
    }

    @Override
    public Subscription listen(Collection<String> channels, NotificationListener listener) {
        if (!isOpen()) {
            throw notOpen();
        }
        if (!capabilities().contains(Capability.LISTEN)) {
            throw ConnectorException.refusal("The connector '" + name()
                    + "' cannot listen for notifications. Switch listening off: the worker polls.");
        }
        ListenLoop loop = new ListenLoop(blocking, channels, listener, loops::remove);
        loops.add(loop);
        if (!isOpen()) { // closed meanwhile, perhaps without seeing the new loop
            loop.close();
            throw notOpen();
        }
        loop.start();
        return loop;
    }

    @Override
    public boolean isOnNonBlockingThread() {
        return false;
    }

    private <T extends @Nullable Object> CompletionStage<T> call(Supplier<T> call) {
        ExecutorService open = threads;
        return open == null ? CompletableFuture.failedFuture(notOpen()) : on(open, () -> doubting(call));
    }

    /**
     * A statement refused as read-only lets the listening connections check whether their server is still the right
     * one.
     */
    private <T extends @Nullable Object> T doubting(Supplier<T> call) {
        try {
            return call.get();
        } catch (ConnectorException e) {
            if (SqlState.READ_ONLY.equals(e.sqlState())) {
                loops.forEach(ListenLoop::doubt);
            }
            throw e;
        }
    }

    private <T extends @Nullable Object> CompletableFuture<T> onItsOwn(Supplier<T> call) {
        return on(task -> SINGLE_CALLS.newThread(task).start(), call);
    }

    /** Unlike supplyAsync, this completes with the exception itself, not a wrapper. */
    private <T extends @Nullable Object> CompletableFuture<T> on(Executor executor, Supplier<T> call) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            executor.execute(() -> {
                try {
                    result.complete(call.get());
                } catch (RuntimeException | Error e) {
                    result.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(notOpen());
        }
        return result;
    }

    private AppNotOpenException notOpen() {
        return new AppNotOpenException("The connector '" + name()
                + "' is not open for asynchronous calls. Call app.openAsync(), or app.runWorker(), which does, first.");
    }
}

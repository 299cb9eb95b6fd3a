package io.procrastinate.connector.r2dbc;

import io.procrastinate.adapter.SyncCounterpart;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.ParameterSupport;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SharedPool;
import io.procrastinate.connector.SqlState;
import io.procrastinate.connector.Subscription;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.BlockingThreads;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadFactory;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Schedulers;

/**
 * The connector over the R2DBC driver of PostgreSQL. No thread waits for the database; only event loops are used.
 *
 * <p>Opened without a pool, it has connections of its own, as many as {@link ConnectorSettings#poolSize()}. Opened with
 * a {@link ConnectionFactory} of the application, usually an {@code io.r2dbc.pool.ConnectionPool}, it executes on the
 * connections of that one, and returns them by closing them, as that factory expects. A connection that broke or that
 * did not answer in time is closed for good before it is returned, so that the pool replaces it. Connections that listen or that a
 * worker reserves are made besides the connector's own ones, or taken out of the application's pool for as long as they
 * are needed; with a {@link ConnectorSettings#listenUrl()} it listens on a connection made from that.
 * {@link #execute(BoundQuery, Object)} takes a {@link Connection}, also one that a pool or a proxy has wrapped, within
 * the caller's transaction or without one.
 *
 * <p>Blocking calls are refused on the threads of Reactor and of its event loops.
 *
 * <p>Stages complete on event loops, its own or those of the caller's pool or connection, and on Reactor's timers. Its
 * own threads are daemons.
 */
public final class R2dbcConnector implements AsyncConnector {

    private static final ThreadFactory SINGLE_CALLS = BlockingThreads.daemons("procrastinate-r2dbc");

    /** Loads the driver, so that a missing one is noticed when the connector is created. */
    private final Class<PostgresqlConnection> driversConnection = PostgresqlConnection.class;

    private final ConnectorSettings settings;
    private final Statements statements;
    private final SyncCounterpart counterpart;
    private @Nullable CompletableFuture<@Nullable Void> opening;
    private volatile @Nullable OpenResources resources;

    private R2dbcConnector(ConnectorSettings settings) {
        this.settings = settings;
        this.statements = new Statements(settings);
        this.counterpart = new SyncCounterpart(this, settings, () -> create(settings));
    }

    /** Creates a closed connector. */
    public static R2dbcConnector create(ConnectorSettings settings) {
        return new R2dbcConnector(settings);
    }

    @Override
    public String name() {
        return "r2dbc";
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public boolean accepts(Object pool) {
        return pool instanceof ConnectionFactory;
    }

    @Override
    public ParameterSupport parameterSupport() {
        return ServerOptions.SUPPORT;
    }

    @Override
    public boolean isOpen() {
        return resources != null;
    }

    @Override
    public SyncConnector sync() {
        return counterpart.get();
    }

    @Override
    public CompletionStage<@Nullable Void> openAsync(@Nullable Object pool) {
        if (pool != null && !accepts(pool)) {
            return CompletableFuture.failedFuture(ConnectorException.refusal(
                    "The connector 'r2dbc' opens with an " + ConnectionFactory.class.getName() + ", and was given a "
                            + pool.getClass().getName()));
        }
        CompletableFuture<@Nullable Void> result;
        synchronized (this) {
            if (resources != null) {
                return CompletableFuture.completedFuture(null);
            }
            if (opening != null) {
                return opening;
            }
            result = new CompletableFuture<>();
            opening = result;
        }
        // Loading the driver takes a while, and the caller may be on an event loop.
        SINGLE_CALLS
                .newThread(() -> {
                    try {
                        if (pool == null) {
                            parameterSupport().require(name(), settings);
                            parameterSupport().require(name(), settings.forListening());
                        }
                        open(new OpenResources(settings, (ConnectionFactory) pool), result);
                    } catch (RuntimeException | Error e) {
                        opened(null);
                        result.completeExceptionally(e);
                    }
                })
                .start();
        return result;
    }

    private void open(OpenResources opened, CompletableFuture<@Nullable Void> result) {
        opened.tryConnection().onComplete((tried, failure) -> {
            if (failure == null) {
                opened(opened);
                dropCounterpart(result);
            } else {
                opened.close().onComplete((closed, ignored) -> {
                    opened(null);
                    result.completeExceptionally(failure);
                });
            }
        });
    }

    private synchronized void opened(@Nullable OpenResources opened) {
        resources = opened;
        opening = null;
    }

    @Override
    public CompletionStage<@Nullable Void> closeAsync() {
        OpenResources closing;
        synchronized (this) {
            if (opening != null) {
                return opening.handle((opened, failure) -> null).thenCompose(ended -> closeAsync());
            }
            closing = resources;
            resources = null;
        }
        CompletableFuture<@Nullable Void> result = new CompletableFuture<>();
        if (closing == null) {
            dropCounterpart(result);
        } else {
            closing.close().onComplete((closed, ignored) -> dropCounterpart(result));
        }
        return result;
    }

    /** Closing a synchronous connector blocks, and neither the caller's thread nor an event loop may block. */
    private void dropCounterpart(CompletableFuture<@Nullable Void> result) {
        SINGLE_CALLS
                .newThread(() -> {
                    try {
                        counterpart.drop();
                        result.complete(null);
                    } catch (RuntimeException | Error e) {
                        result.completeExceptionally(e);
                    }
                })
                .start();
    }

    @Override
    public CompletionStage<List<Row>> execute(BoundQuery query) {
        return onResources(open -> statements.execute(query, open.connections()));
    }

    @Override
    public CompletionStage<List<Row>> execute(BoundQuery query, Object connection) {
        PostgresqlConnection server = CallerPool.server(connection);
        if (server == null || !(connection instanceof Connection callers)) {
            return CompletableFuture.failedFuture(
                    ConnectorException.refusal("The connector 'r2dbc' executes on an " + Connection.class.getName()
                            + " of " + driversConnection.getName() + ", and was given a "
                            + connection.getClass().getName()));
        }
        return stage(() -> statements.execute(query, callers, server));
    }

    @Override
    public CompletionStage<@Nullable Void> runScript(String sql) {
        return onResources(open -> statements.script(sql, open.connections()));
    }

    @Override
    public ReservedConnection reserve() {
        return new Reservation();
    }

    @Override
    public Optional<SharedPool> sharedPool() {
        OpenResources open = resources;
        CallerPool callers = open == null ? null : open.callers();
        return callers == null
                ? Optional.empty()
                : Optional.of(new SharedPool(callers.size(), settings.listenUrl() == null));
    }

    @Override
    public Subscription listen(Collection<String> channels, NotificationListener listener) {
        OpenResources open = resources;
        if (open == null) {
            throw notOpen();
        }
        // The listening connection is our own, even with the application's pool.
        parameterSupport().require(name(), settings.forListening());
        return open.listen(channels, listener);
    }

    /** Whether the current thread is a thread of Reactor or of its event loops, this connector's or the application's. */
    @Override
    public boolean isOnNonBlockingThread() {
        return Schedulers.isInNonBlockingThread();
    }

    private <T extends @Nullable Object> CompletionStage<T> onResources(Function<OpenResources, Future<T>> call) {
        OpenResources open = resources;
        return open == null
                ? CompletableFuture.failedFuture(notOpen())
                : stage(() -> call.apply(open).onFailure(failure -> {
                    if (failure instanceof ConnectorException refusal
                            && SqlState.READ_ONLY.equals(refusal.sqlState())) {
                        open.doubt();
                    }
                }));
    }

    /** Completes with the exception itself: our futures do not wrap it. */
    private static <T extends @Nullable Object> CompletionStage<T> stage(Supplier<Future<T>> call) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            call.get().onComplete((answer, failure) -> {
                if (failure == null) {
                    result.complete(answer);
                } else {
                    result.completeExceptionally(failure);
                }
            });
        } catch (RuntimeException e) {
            result.completeExceptionally(e);
        }
        return result;
    }

    private static AppNotOpenException notOpen() {
        return new AppNotOpenException("The connector 'r2dbc' is not open for asynchronous calls. Call app.openAsync(),"
                + " or app.runWorker(), which does, first.");
    }

    /** A reserved connection of the open connector. */
    private final class Reservation implements ReservedConnection {

        private @Nullable OpenResources takenFrom;
        private @Nullable Connections one;
        private boolean closed;

        @Override
        public CompletionStage<List<Row>> execute(BoundQuery query) {
            return onResources(open -> statements.execute(query, of(open)));
        }

        private synchronized Connections of(OpenResources open) {
            if (closed) {
                throw ConnectorException.refusal("The reserved connection was closed");
            }
            Connections current = one;
            if (current == null || takenFrom != open) {
                current = open.reserve();
                one = current;
                takenFrom = open;
            }
            return current;
        }

        @Override
        public synchronized void close() {
            closed = true;
            if (one != null && takenFrom != null) {
                takenFrom.release(one);
            }
        }
    }
}

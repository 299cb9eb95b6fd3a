package io.procrastinate.connector.vertx;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Subscription;
import io.procrastinate.exception.ConnectorException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The threads, connections and subscriptions of an open connector. Thread-safe. */
final class OpenResources {

    private final ConnectorSettings settings;
    private final PromptTransport transport = new PromptTransport();
    private final Vertx vertx;
    private final @Nullable CallerPool callers;
    private final Connections connections;
    private final Set<Connections> reserved = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;
    private final Set<VertxSubscription> subscriptions = ConcurrentHashMap.newKeySet();

    /** Starts only threads, which end with {@link #close()}. */
    OpenResources(ConnectorSettings settings, @Nullable Pool pool) {
        this.settings = settings;
        this.vertx = Vertx.builder().with(threads()).withTransport(transport).build();
        this.callers = pool == null ? null : new CallerPool(pool, vertx);
        this.connections = callers != null ? callers : OwnPool.open(vertx, new Dialer(vertx, settings));
    }

    /** A few daemon threads, and none of the files and caches that a Vertx keeps for web applications. */
    private static VertxOptions threads() {
        return new VertxOptions()
                .setUseDaemonThread(true)
                .setEventLoopPoolSize(Math.min(4, Runtime.getRuntime().availableProcessors()))
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1)
                .setFileSystemOptions(
                        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false));
    }

    Connections connections() {
        return connections;
    }

    /** The application's pool, or null if the connections are our own. */
    @Nullable
    CallerPool callers() {
        return callers;
    }

    /** Reserves one connection for one purpose, taken when it is first needed. */
    Connections reserve() {
        Connections one = callers != null
                ? new KeptConnection(vertx, callers)
                : OwnPool.reserved(vertx, new Dialer(vertx, settings));
        reserved.add(one);
        if (closed) { // closed meanwhile, perhaps without seeing it
            release(one);
        }
        return one;
    }

    /** Returns a reserved connection, or ends it. */
    void release(Connections one) {
        reserved.remove(one);
        one.close();
    }

    /** Gets one answer from the database, on a connection that is kept for the first query. */
    Future<Void> tryConnection() {
        Duration limit = settings.connectTimeout();
        return connections.take(limit.plus(limit)).compose(lease -> {
            Future<?> answer = lease.connection().query("SELECT 1").execute();
            return answer.timeout(Millis.of(limit), TimeUnit.MILLISECONDS)
                    .onSuccess(answered -> lease.giveBack())
                    .onFailure(failure -> lease.throwAway(answer))
                    .recover(failure -> Future.failedFuture(Failures.connecting(settings.target(), failure, limit)))
                    .mapEmpty();
        });
    }

    Subscription listen(Collection<String> channels, NotificationListener listener) {
        if (channels.isEmpty()) {
            throw ConnectorException.refusal("Listening needs at least one channel");
        }
        LinkSource dialer = callers == null || settings.listenUrl() != null
                ? new Dialer(vertx, settings.forListening())
                : callers.toListen(settings);
        VertxSubscription listening = new VertxSubscription(vertx, dialer, channels, listener, subscriptions::remove);
        subscriptions.add(listening);
        listening.start();
        return listening;
    }

    /**
     * Makes all subscriptions check whether their server can still be written to: that of another connection could not.
     */
    void doubt() {
        subscriptions.forEach(VertxSubscription::doubt);
    }

    /** Ends everything; running statements fail. */
    Future<Void> close() {
        closed = true;
        List.copyOf(subscriptions).forEach(VertxSubscription::close);
        List.copyOf(reserved).forEach(this::release);
        connections.close();
        return transport.closeSockets().transform(closed -> vertx.close());
    }
}

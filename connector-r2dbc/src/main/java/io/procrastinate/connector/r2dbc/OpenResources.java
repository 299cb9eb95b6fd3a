package io.procrastinate.connector.r2dbc;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Subscription;
import io.procrastinate.exception.ConnectorException;
import io.r2dbc.spi.ConnectionFactory;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import reactor.netty.resources.LoopResources;

/** The threads, connections and subscriptions of an open connector. Thread-safe. */
final class OpenResources {

    /** How long the event loops may take to end. */
    private static final Duration LAST_ANSWERS = Duration.ofSeconds(3);

    private final ConnectorSettings settings;
    private final LoopResources loops;
    private final @Nullable CallerPool callers;
    private final Connections connections;
    private final Set<Connections> reserved = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;
    private final Set<R2dbcSubscription> subscriptions = ConcurrentHashMap.newKeySet();

    /** Starts only threads, which end with {@link #close()}. */
    OpenResources(ConnectorSettings settings, @Nullable ConnectionFactory pool) {
        this.settings = settings;
        this.loops = LoopResources.create(
                "procrastinate-r2dbc", Math.min(4, Runtime.getRuntime().availableProcessors()), true);
        this.callers = pool == null ? null : new CallerPool(pool);
        this.connections = callers != null ? callers : OwnPool.open(new Dialer(loops, settings));
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
        Connections one = callers != null ? new KeptConnection(callers) : OwnPool.reserved(new Dialer(loops, settings));
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
    Future<@Nullable Void> tryConnection() {
        Duration limit = settings.connectTimeout();
        return connections.take(limit.plus(limit)).compose(lease -> {
            Future<Answers> answer = Link.ping(lease.connection(), limit);
            return answer.onSuccess(answered -> lease.giveBack())
                    .onFailure(failure -> lease.throwAway(answer))
                    .recover(failure -> Future.failed(Failures.connecting(settings.target(), failure, limit)))
                    .map(answered -> null);
        });
    }

    Subscription listen(Collection<String> channels, NotificationListener listener) {
        if (channels.isEmpty()) {
            throw ConnectorException.refusal("Listening needs at least one channel");
        }
        LinkSource dialer = callers == null || settings.listenUrl() != null
                ? new Dialer(loops, settings.forListening())
                : callers.toListen(settings);
        R2dbcSubscription listening =
                new R2dbcSubscription(loops.onClient(false).next(), dialer, channels, listener, subscriptions::remove);
        subscriptions.add(listening);
        listening.start();
        return listening;
    }

    /**
     * Makes all subscriptions check whether their server can still be written to: that of another connection could not.
     */
    void doubt() {
        subscriptions.forEach(R2dbcSubscription::doubt);
    }

    /** Ends everything; running statements fail. */
    Future<?> close() {
        closed = true;
        List.copyOf(subscriptions).forEach(R2dbcSubscription::close);
        List.copyOf(reserved).forEach(this::release);
        connections.close();
        return Future.of(loops.disposeLater(Duration.ZERO, LAST_ANSWERS));
    }
}

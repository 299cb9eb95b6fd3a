package io.procrastinate.connector.r2dbc;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.exception.ConnectorException;
import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.pool.PoolMetrics;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.Wrapped;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;

/**
 * The application's pool, or its source of connections without one, which we take from and never close. Thread-safe.
 */
final class CallerPool implements Connections {

    private static final Logger LOGGER = LoggerFactory.getLogger(CallerPool.class);

    /** How long a connection may take to end listening before it is closed. */
    private static final Duration UNLISTENING = Duration.ofSeconds(5);

    private static final String TARGET = "the database of the application's pool";

    private final ConnectionFactory pool;
    private final AtomicInteger kept = new AtomicInteger();
    /** The most connections that were seen in use at the same time. */
    private final AtomicInteger proven = new AtomicInteger(1);

    CallerPool(ConnectionFactory pool) {
        this.pool = pool;
    }

    @Override
    public Future<Lease> take(Duration limit) {
        Promise<@Nullable Connection> asked = new Promise<>();
        Disposable asking;
        try {
            asking = Future.ask(pool.create(), asked);
        } catch (RuntimeException e) {
            return Future.failed(refused(e, limit));
        }
        Promise<Lease> taken = new Promise<>();
        asked.future().timeout(limit).onComplete((connection, failure) -> {
            if (connection != null) {
                lend(connection, taken);
            } else {
                // One that comes too late is returned immediately.
                asked.future().onSuccess(late -> {
                    if (late != null) {
                        CallerPool.giveBack(late);
                    }
                });
                asking.dispose();
                taken.fail(refused(failure == null ? new IllegalStateException("The pool gave none") : failure, limit));
            }
        });
        return taken.future();
    }

    /** How many connections the pool gives at most, or null if that is unknown. */
    @Nullable
    Integer size() {
        return metrics().map(PoolMetrics::getMaxAllocatedSize).orElse(null);
    }

    private Optional<PoolMetrics> metrics() {
        Object known = pool;
        while (!(known instanceof ConnectionPool) && known instanceof Wrapped<?> wrapped) {
            known = wrapped.unwrap();
        }
        return known instanceof ConnectionPool application ? application.getMetrics() : Optional.empty();
    }

    /**
     * A connection to keep, which is refused if the pool has no other one: the pool does not report its size, but
     * proves by giving one more connection that there are more.
     */
    Future<Lease> takeToKeep(Duration limit) {
        return take(limit).compose(taken -> {
            int others = kept.getAndIncrement();
            Lease lease = new KeptLease(taken, kept);
            if (proven.get() >= others + 2) {
                return Future.succeeded(lease);
            }
            return take(limit)
                    .compose(spare -> {
                        proven.accumulateAndGet(others + 2, Math::max);
                        return spare.giveBack().anyway(Future.succeeded(lease));
                    })
                    .recover(failure -> lease.giveBack()
                            .anyway(Future.failed(isFull(failure) ? tooSmall(others, failure) : failure)));
        });
    }

    /** Connections of the pool that listen, each kept for as long as it does. */
    LinkSource toListen(ConnectorSettings settings) {
        return new LinkSource() {
            @Override
            public ConnectorSettings settings() {
                return settings;
            }

            @Override
            public String target() {
                return TARGET;
            }

            @Override
            public Future<Link> dial() {
                return takeToKeep(settings.connectTimeout()).map(lease -> {
                    AtomicBoolean ended = new AtomicBoolean();
                    return new Link(lease.connection(), lease.server(), () -> {
                        if (ended.compareAndSet(false, true)) {
                            endListening(lease);
                        }
                    });
                });
            }

            @Override
            public void close() {
                // A running attempt ends on its own, and its connection is returned.
            }
        };
    }

    /**
     * The next user of the connection must receive no notifications. A connection that does not answer is returned when
     * it is given up.
     */
    private static void endListening(Lease lease) {
        Answers.execute(lease.connection().createStatement("UNLISTEN *"))
                .timeout(UNLISTENING)
                .onComplete((ended, failure) -> {
                    if (failure == null) {
                        lease.giveBack();
                    } else {
                        lease.throwAway(Future.failed(failure));
                    }
                });
    }

    private static boolean isFull(Throwable failure) {
        Throwable cause = failure.getCause();
        return cause != null && isTimeout(cause);
    }

    private static boolean isTimeout(Throwable failure) {
        return failure instanceof TimeoutException;
    }

    private ConnectorException tooSmall(int others, Throwable failure) {
        // A pool that has made no more connections although a call is waiting will make no more.
        int size = metrics().map(PoolMetrics::allocatedSize).orElse(others + 1);
        boolean isAll = size <= others + 1;
        return new ConnectorException(
                "The application's pool is too small" + (isAll ? "" : ", or full") + ": it has " + size
                        + " of the "
                        + (others + 2) + " connections that are needed here"
                        + (isAll ? "" : " and is using them all for something else")
                        + ". A worker keeps one to stay alive, and one more while it listens; at least one must be"
                        + " left for other statements. Give it more connections, or let the worker listen elsewhere"
                        + " (listenUrl) or not at all (listenNotify(false)).",
                null,
                !isAll,
                failure);
    }

    private static void lend(Connection connection, Promise<Lease> taken) {
        PostgresqlConnection server = server(connection);
        if (server != null) {
            taken.complete(new PooledLease(connection, server));
        } else {
            giveBack(connection);
            taken.fail(ConnectorException.refusal("The pool gives connections of the class "
                    + connection.getClass().getName() + ", which are not PostgreSQL's. Open the app with a pool of"
                    + " connections of org.postgresql:r2dbc-postgresql."));
        }
    }

    /** The driver's own connection, which pools and proxies wrap, or null if it is another driver's. */
    static @Nullable PostgresqlConnection server(Object connection) {
        Object inner = connection;
        while (!(inner instanceof PostgresqlConnection) && inner instanceof Wrapped<?> wrapped) {
            inner = wrapped.unwrap();
        }
        return inner instanceof PostgresqlConnection server ? server : null;
    }

    @Override
    public void close() {
        // The application closes its pool.
    }

    private RuntimeException refused(Throwable failure, Duration limit) {
        if (isTimeout(failure)) {
            return new ConnectorException(
                    "No connection came free within " + limit + ": the application's pool is exhausted, with "
                            + metrics()
                                    .map(PoolMetrics::allocatedSize)
                                    .map(String::valueOf)
                                    .orElse("an unknown number of")
                            + " connections. Give it more, or share it with less.",
                    null,
                    true,
                    failure);
        }
        return Failures.connecting(TARGET, failure, limit);
    }

    private static Future<?> giveBack(Connection connection) {
        return Future.of(connection.close())
                .onFailure(failure -> LOGGER.debug("Giving a connection back to its pool failed", failure));
    }

    private record PooledLease(Connection connection, PostgresqlConnection server) implements Lease {

        @Override
        public Future<?> giveBack() {
            return CallerPool.giveBack(connection);
        }

        /** The pool finds that the driver's connection is closed, and replaces it. */
        @Override
        public Future<?> throwAway(Future<?> running) {
            Future<?> stopped = running.isComplete() ? Future.done() : Statements.stop(server, running);
            return stopped.anyway(Future.done()).compose(nothing -> {
                Future.of(server.close()).onFailure(failure -> LOGGER.debug("Closing a connection failed", failure));
                return giveBack().map(back -> null);
            });
        }
    }

    /** A kept connection, counted until it is returned. */
    private record KeptLease(Lease lease, AtomicInteger kept) implements Lease {

        @Override
        public Connection connection() {
            return lease.connection();
        }

        @Override
        public PostgresqlConnection server() {
            return lease.server();
        }

        @Override
        public Future<?> giveBack() {
            kept.decrementAndGet();
            return lease.giveBack();
        }

        @Override
        public Future<?> throwAway(Future<?> running) {
            kept.decrementAndGet();
            return lease.throwAway(running);
        }
    }
}

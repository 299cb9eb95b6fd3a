package io.procrastinate.connector.vertx;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.exception.ConnectorException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The application's pool, which we borrow from and never close. A pooled connection cannot be closed by force: one that
 * does not answer returns when its statement ends or the network gives the connection up.
 */
final class CallerPool implements Connections {

    private static final Logger LOGGER = LoggerFactory.getLogger(CallerPool.class);

    private static final String TARGET = "the database of the application's pool";

    private final Pool pool;
    private final Vertx elsewhere;
    private final AtomicInteger kept = new AtomicInteger();
    /** The most connections that were seen in use at the same time. */
    private final AtomicInteger proven = new AtomicInteger(1);

    /** @param elsewhere a Vertx other than the pool's, whose threads never wait */
    CallerPool(Pool pool, Vertx elsewhere) {
        this.pool = pool;
        this.elsewhere = elsewhere;
    }

    @Override
    public Future<Lease> take(Duration limit) {
        Future<SqlConnection> asked;
        try {
            asked = ask();
        } catch (RuntimeException e) {
            return Future.failedFuture(refused(e, limit));
        }
        Promise<Lease> taken = Promise.promise();
        asked.timeout(Millis.of(limit), TimeUnit.MILLISECONDS)
                .onSuccess(connection -> lend(connection, taken))
                .onFailure(failure -> {
                    // One that comes too late is returned immediately.
                    asked.onSuccess(CallerPool::giveBack);
                    taken.fail(refused(failure, limit));
                });
        return taken.future();
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
                return Future.succeededFuture(lease);
            }
            return take(limit)
                    .compose(spare -> {
                        proven.accumulateAndGet(others + 2, Math::max);
                        return spare.giveBack().transform(back -> Future.succeededFuture(lease));
                    })
                    .recover(failure -> lease.giveBack()
                            .transform(back ->
                                    Future.failedFuture(isFull(failure) ? tooSmall(others, failure) : failure)));
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
            public Future<Link> dial(Context context) {
                return takeToKeep(settings.connectTimeout()).map(lease -> {
                    AtomicBoolean ended = new AtomicBoolean();
                    return new Link(lease.connection(), () -> {
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
        lease.connection().notificationHandler(null);
        lease.connection().query("UNLISTEN *").execute().onComplete(ended -> lease.giveBack());
    }

    private static boolean isFull(Throwable failure) {
        Throwable cause = failure.getCause();
        return cause != null && isTimeout(cause);
    }

    private static boolean isTimeout(Throwable failure) {
        return failure instanceof TimeoutException || "Timeout".equals(failure.getMessage());
    }

    private ConnectorException tooSmall(int others, Throwable failure) {
        // A pool that has made no more connections although a call is waiting will make no more.
        boolean isAll = pool.size() <= others + 1;
        return new ConnectorException(
                "The application's pool is too small" + (isAll ? "" : ", or full") + ": it has " + pool.size()
                        + " of the "
                        + (others + 2) + " connections that are needed here"
                        + (isAll ? "" : " and is using them all for something else")
                        + ". A worker keeps one to stay alive, and one more while it listens; at least one must be left for"
                        + " other statements. Give it more connections, or let the worker listen elsewhere (listenUrl) or"
                        + " not at all (listenNotify(false)).",
                null,
                !isAll,
                failure);
    }

    /**
     * The driver answers in the caller's context. That of a worker or of a virtual thread delivers nothing while its
     * caller waits, as blocking calls do.
     */
    private Future<SqlConnection> ask() {
        Context asking = Vertx.currentContext();
        if (asking == null || asking.isEventLoopContext()) {
            return pool.getConnection();
        }
        Promise<SqlConnection> answer = Promise.promise();
        elsewhere.runOnContext(nothing -> {
            try {
                pool.getConnection().onComplete(answer);
            } catch (RuntimeException e) {
                answer.fail(e);
            }
        });
        return answer.future();
    }

    private static void lend(SqlConnection connection, Promise<Lease> taken) {
        if (connection instanceof PgConnection postgres) {
            taken.complete(new PooledLease(postgres, new CommitWatch(postgres)));
        } else {
            giveBack(connection);
            taken.fail(ConnectorException.refusal("The pool gives connections of the class "
                    + connection.getClass().getName() + ", which are not PostgreSQL's. Open the app with a pool"
                    + " made by io.vertx.pgclient.PgBuilder."));
        }
    }

    @Override
    public void close() {
        // The application closes its pool.
    }

    private RuntimeException refused(Throwable failure, Duration limit) {
        if (isTimeout(failure)) {
            return new ConnectorException(
                    "No connection came free within " + limit + ": the application's pool is exhausted, with "
                            + pool.size() + " connections. Give it more, or share it with less.",
                    null,
                    true,
                    failure);
        }
        return Failures.connecting(TARGET, failure, limit);
    }

    private static Future<?> giveBack(SqlConnection connection) {
        return connection
                .close()
                .onFailure(failure -> LOGGER.debug("Giving a connection back to its pool failed", failure));
    }

    private record PooledLease(PgConnection connection, CommitWatch commits) implements Lease {

        @Override
        public Future<?> giveBack() {
            return CallerPool.giveBack(connection);
        }

        @Override
        public Future<?> throwAway(Future<?> running) {
            if (running.isComplete()) {
                return giveBack();
            }
            running.onComplete(ended -> giveBack());
            return Statements.stop(connection, running);
        }
    }

    /** A kept connection, counted until it is returned. */
    private record KeptLease(Lease lease, AtomicInteger kept) implements Lease {

        @Override
        public PgConnection connection() {
            return lease.connection();
        }

        @Override
        public CommitWatch commits() {
            return lease.commits();
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

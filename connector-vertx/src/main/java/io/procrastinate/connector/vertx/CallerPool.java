package io.procrastinate.connector.vertx;

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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The application's pool, which we borrow from and never close. A pooled connection cannot be closed by force: one that does
 * not answer goes back when its statement ends, or when the network gives the connection up.
 */
final class CallerPool implements Connections {

    private static final Logger LOGGER = LoggerFactory.getLogger(CallerPool.class);

    private final Pool pool;
    private final Vertx elsewhere;

    /**
     * @param elsewhere another Vertx than the pool's, on whose threads nobody waits
     */
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
                    // One that comes too late goes straight back.
                    asked.onSuccess(CallerPool::giveBack);
                    taken.fail(refused(failure, limit));
                });
        return taken.future();
    }

    /**
     * The driver answers in the context that asks. That of a worker or of a virtual thread answers nothing while its caller
     * waits, as blocking calls do.
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
            taken.complete(new PooledLease(postgres));
        } else {
            giveBack(connection);
            taken.fail(new ConnectorException(
                    "The pool gives connections of the class "
                            + connection.getClass().getName() + ", which are not PostgreSQL's. Open the app with a pool"
                            + " made by io.vertx.pgclient.PgBuilder.",
                    null,
                    false,
                    null));
        }
    }

    @Override
    public void close() {
        // The pool is the application's.
    }

    private RuntimeException refused(Throwable failure, Duration limit) {
        if (failure instanceof TimeoutException || "Timeout".equals(failure.getMessage())) {
            return new ConnectorException(
                    "No connection came free within " + limit + ": the application's pool is exhausted, with "
                            + pool.size() + " connections. Give it more, or share it with less.",
                    null,
                    true,
                    failure);
        }
        return Failures.connecting("the database of the application's pool", failure, limit);
    }

    private static Future<?> giveBack(SqlConnection connection) {
        return connection
                .close()
                .onFailure(failure -> LOGGER.debug("Giving a connection back to its pool failed", failure));
    }

    private record PooledLease(PgConnection connection) implements Lease {

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
}

package io.procrastinate.connector.r2dbc;

import io.procrastinate.exception.ConnectorException;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.Connection;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

/**
 * One connection of the application's pool, kept for one purpose and lent in turns, first come, first served.
 * Thread-safe.
 */
final class KeptConnection implements Connections {

    /** A connection that was idle for longer is checked before it is lent. */
    private static final long TRUSTED_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final Duration SIGN_OF_LIFE = Duration.ofSeconds(2);

    private final CallerPool pool;
    private final Deque<Waiter> waiters = new ArrayDeque<>();
    private @Nullable Lease kept;
    private long idleSince;
    private boolean busy;
    private boolean closed;

    KeptConnection(CallerPool pool) {
        this.pool = pool;
    }

    @Override
    public Future<Lease> take(Duration limit) {
        Waiter waiter = new Waiter(limit);
        synchronized (this) {
            if (closed) {
                return Future.failed(closedNow());
            }
            waiters.add(waiter);
        }
        waiter.expire();
        serve();
        return waiter.lease.future();
    }

    private void serve() {
        Waiter next;
        Lease ready;
        synchronized (this) {
            if (busy || waiters.isEmpty()) {
                return;
            }
            busy = true;
            next = waiters.remove();
            ready = kept;
        }
        if (ready == null) {
            takeFor(next);
        } else if (System.nanoTime() - idleSince < TRUSTED_NANOS) {
            next.lend(ready);
        } else {
            Future<Answers> answer = Link.ping(ready.connection(), SIGN_OF_LIFE);
            answer.onSuccess(alive -> next.lend(ready)).onFailure(dead -> {
                forget();
                ready.throwAway(answer).onComplete((away, failure) -> takeFor(next));
            });
        }
    }

    private void takeFor(Waiter waiter) {
        pool.takeToKeep(waiter.limit)
                .onSuccess(taken -> {
                    synchronized (this) {
                        kept = taken;
                    }
                    waiter.lend(taken);
                })
                .onFailure(failure -> {
                    waiter.lease.fail(failure);
                    free();
                });
    }

    private synchronized void forget() {
        kept = null;
    }

    private void free() {
        synchronized (this) {
            idleSince = System.nanoTime();
            busy = false;
        }
        giveBackIfClosed();
        serve();
    }

    private void giveBackIfClosed() {
        Lease ending = null;
        synchronized (this) {
            if (closed && !busy) {
                ending = kept;
                kept = null;
            }
        }
        if (ending != null) {
            ending.giveBack();
        }
    }

    /** Returns the connection immediately, or when the running statement has ended. */
    @Override
    public void close() {
        List<Waiter> waiting;
        synchronized (this) {
            closed = true;
            waiting = List.copyOf(waiters);
            waiters.clear();
        }
        waiting.forEach(waiter -> waiter.lease.fail(closedNow()));
        giveBackIfClosed();
    }

    private static ConnectorException closedNow() {
        return ConnectorException.refusal("The reserved connection was closed");
    }

    /** A statement that needs the connection. */
    private final class Waiter {

        private final Promise<Lease> lease = new Promise<>();
        private final Duration limit;

        Waiter(Duration limit) {
            this.limit = limit;
        }

        void expire() {
            Disposable timer = Timers.after(limit, () -> {
                boolean waiting;
                synchronized (KeptConnection.this) {
                    waiting = waiters.remove(this);
                }
                if (waiting) {
                    lease.fail(new ConnectorException(
                            "The reserved connection was still busy with earlier statements after " + limit,
                            null,
                            true,
                            null));
                }
            });
            lease.future().onComplete((ended, failure) -> timer.dispose());
        }

        void lend(Lease taken) {
            lease.complete(new Turn(taken));
        }
    }

    private final class Turn implements Lease {

        private final Lease lease;

        Turn(Lease lease) {
            this.lease = lease;
        }

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
            free();
            return Future.done();
        }

        @Override
        public Future<?> throwAway(Future<?> running) {
            forget();
            Future<?> away = lease.throwAway(running);
            free();
            return away;
        }
    }
}

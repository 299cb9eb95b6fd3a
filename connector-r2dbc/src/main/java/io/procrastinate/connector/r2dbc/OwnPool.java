package io.procrastinate.connector.r2dbc;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.driver.Backoff;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.Connection;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

/**
 * Our own connections, as many as the settings allow, made when they are needed and lent one statement at a time. The
 * driver's pool would not do: a handshake without an answer holds its place there for ever, and no connection can be
 * thrown away.
 */
final class OwnPool implements Connections {

    /** A connection that was idle for longer, or since before another one broke, is checked before it is lent. */
    private static final long TRUSTED_NANOS = Duration.ofSeconds(10).toNanos();

    private static final Duration PING_LIMIT = Duration.ofSeconds(2);

    private final Dialer dialer;
    private final int size;
    private final String whenFull;
    private final Set<Link> members = new HashSet<>();
    private final Deque<Idle> idle = new ArrayDeque<>();
    private final Deque<Waiter> waiters = new ArrayDeque<>();
    /** Running dials and pings: each ends by serving one waiter, or failing. */
    private int promised;

    private int dialing;
    /** How many attempts to connect failed in a row, and why the last one did. */
    private int failures;

    private @Nullable Throwable lastFailure;
    /** Whether further attempts are suspended: waiters may get a connection that is in use. */
    private boolean resting;

    private long lastTrouble = System.nanoTime();
    private boolean closed;

    private OwnPool(Dialer dialer, int size, String whenFull) {
        this.dialer = dialer;
        this.size = size;
        this.whenFull = whenFull;
    }

    /** As many connections as the settings say. */
    static OwnPool open(Dialer dialer) {
        int size = dialer.settings().poolSize();
        return new OwnPool(
                dialer,
                size,
                "the pool is exhausted, with all " + size
                        + " connections in use. Make it larger with ConnectorSettings.poolSize.");
    }

    /** Opens one connection for one purpose, besides the others. */
    static OwnPool reserved(Dialer dialer) {
        return new OwnPool(dialer, 1, "the reserved connection was still busy with earlier statements.");
    }

    @Override
    public Future<Lease> take(Duration limit) {
        Waiter waiter = new Waiter();
        synchronized (this) {
            if (closed) {
                return Future.failed(closedWhileWaiting());
            }
            waiters.add(waiter);
        }
        serve();
        if (!waiter.lease.future().isComplete()) {
            waiter.expireAfter(limit);
        }
        return waiter.lease.future();
    }

    @Override
    public void close() {
        dialer.close();
        List<Waiter> waiting;
        List<Link> links;
        synchronized (this) {
            closed = true;
            waiting = List.copyOf(waiters);
            links = List.copyOf(members);
            waiters.clear();
            members.clear();
            idle.clear();
        }
        waiting.forEach(waiter -> waiter.fail(closedWhileWaiting()));
        links.forEach(Link::close);
    }

    /** Gives idle connections to the waiters, and makes new ones while there are too few. */
    private void serve() {
        List<Runnable> actions = new ArrayList<>();
        synchronized (this) {
            // Waiters with a running dial or ping are served too: they take whatever becomes free first.
            for (Idle next = idle.peek();
                    next != null && !closed && !waiters.isEmpty() && isTrusted(next);
                    next = idle.peek()) {
                Link link = idle.pop().link();
                Waiter waiter = waiters.remove();
                actions.add(() -> waiter.lend(link));
            }
            while (!closed && waiters.size() > promised && !idle.isEmpty()) {
                Link link = idle.pop().link();
                promised++;
                actions.add(() -> test(link));
            }
            while (!closed && !resting && waiters.size() > promised && members.size() + dialing < size) {
                promised++;
                dialing++;
                actions.add(this::dial);
            }
        }
        actions.forEach(Runnable::run);
    }

    private boolean isTrusted(Idle candidate) {
        return candidate.since() - lastTrouble > 0 && System.nanoTime() - candidate.since() < TRUSTED_NANOS;
    }

    private void dial() {
        dialer.dial().onComplete((made, failure) -> {
            Waiter refused = null;
            synchronized (this) {
                promised--;
                dialing--;
                lastFailure = failure;
                failures = made != null ? 0 : failures + 1;
                if (made != null && !closed) {
                    members.add(made);
                } else if (made == null && !members.isEmpty()) {
                    rest();
                } else if (made == null && waiters.size() > promised) {
                    refused = waiters.poll();
                }
            }
            if (made != null) {
                Link link = made;
                link.onClosed(() -> discard(link));
                welcome(link);
            } else if (refused != null) {
                refused.fail(failure == null ? closedWhileWaiting() : failure);
            }
            serve();
        });
    }

    /** While there are other connections, waiters may get one of them. */
    private void rest() {
        if (!resting && !closed) {
            resting = true;
            Timers.after(Backoff.RECONNECT.after(failures), () -> {
                synchronized (this) {
                    resting = false;
                }
                serve();
            });
        }
    }

    private void test(Link link) {
        Link.ping(link.connection(), PING_LIMIT).onComplete((answers, failure) -> {
            synchronized (this) {
                promised--;
            }
            if (failure == null) {
                welcome(link);
            } else {
                discard(link);
            }
        });
    }

    private void welcome(Link link) {
        boolean kept;
        synchronized (this) {
            kept = members.contains(link) && !link.isClosed();
            if (kept) {
                idle.push(new Idle(link, System.nanoTime()));
            }
        }
        if (kept) {
            serve();
        } else {
            discard(link);
        }
    }

    private void discard(Link link) {
        forget(link);
        link.close();
        serve();
    }

    private synchronized void forget(Link link) {
        if (members.remove(link)) {
            idle.removeIf(candidate -> candidate.link() == link);
            lastTrouble = System.nanoTime();
        }
    }

    private AppNotOpenException closedWhileWaiting() {
        return new AppNotOpenException("The connector 'r2dbc' was closed while a statement waited for a connection to "
                + dialer.settings().target() + ". Open it again with app.openAsync() or app.runWorker().");
    }

    private synchronized ConnectorException nothingCame(Duration limit) {
        ConnectorSettings settings = dialer.settings();
        Throwable failure = lastFailure;
        String reason;
        if (members.size() >= size) {
            reason = whenFull;
        } else if (failure != null) {
            reason = "the pool's " + members.size() + " connections are in use, and no other one could be made: "
                    + failure.getMessage();
        } else {
            reason = settings.target() + " did not accept a connection in that time. Is the server up?";
        }
        return new ConnectorException("No connection came free within " + limit + ": " + reason, null, true, failure);
    }

    /** An idle connection and since when it has been idle, in {@link System#nanoTime()}. */
    private record Idle(Link link, long since) {}

    /** A call that needs a connection. */
    private final class Waiter {

        private final Promise<Lease> lease = new Promise<>();
        private volatile @Nullable Disposable timer;

        void expireAfter(Duration limit) {
            timer = Timers.after(limit, () -> {
                boolean waiting;
                synchronized (OwnPool.this) {
                    waiting = waiters.remove(this);
                }
                if (waiting) {
                    lease.fail(nothingCame(limit));
                }
            });
            if (lease.future().isComplete()) {
                stopTimer();
            }
        }

        private void stopTimer() {
            Disposable running = timer;
            if (running != null) {
                running.dispose();
            }
        }

        void lend(Link link) {
            stopTimer();
            lease.complete(new OwnLease(link));
        }

        void fail(Throwable failure) {
            stopTimer();
            lease.fail(failure);
        }
    }

    private final class OwnLease implements Lease {

        private final Link link;

        OwnLease(Link link) {
            this.link = link;
        }

        @Override
        public Connection connection() {
            return link.connection();
        }

        @Override
        public PostgresqlConnection server() {
            return link.server();
        }

        @Override
        public Future<?> giveBack() {
            welcome(link);
            return Future.done();
        }

        @Override
        public Future<?> throwAway(Future<?> running) {
            forget(link);
            if (running.isComplete()) {
                link.close();
            } else {
                link.cancelAndClose();
            }
            serve();
            return Future.done();
        }
    }
}

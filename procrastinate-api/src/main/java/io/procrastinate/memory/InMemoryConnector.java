package io.procrastinate.memory;

import io.procrastinate.adapter.BlockingConnector;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.Subscription;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.job.Job;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A queue in memory, for tests without a database: it follows the rules of the real one for jobs, locks, schedules,
 * workers and notifications, and passes the same kit for its declared capabilities. It knows this library's queries,
 * not SQL, has no pools and joins no connection of the caller. It keeps its jobs when it is closed and opened again.
 *
 * <p>This class is thread-safe.
 */
public final class InMemoryConnector implements AsyncConnector {

    private static final Set<Capability> CAPABILITIES =
            EnumSet.of(Capability.LISTEN, Capability.OWN_POOL, Capability.UNPREPARED);

    private final ReentrantLock turn = new ReentrantLock();
    private final Queue<Notification> sent = new ArrayDeque<>();
    private final List<MemorySubscription> subscriptions = new CopyOnWriteArrayList<>();
    private final SyncConnector blocking = new BlockingConnector(this, ConnectorSettings.fromEnvironment());
    private final MemoryTables tables;
    private final MemoryQueries queries;
    private volatile boolean open;

    /** Creates a queue with the system clock. */
    public InMemoryConnector() {
        this(InstantSource.system());
    }

    /** Creates a queue with a clock of the test's own in place of the database's: schedules and heartbeats use it. */
    public InMemoryConnector(InstantSource clock) {
        this.tables = new MemoryTables(clock, sent::add);
        this.queries = new MemoryQueries(tables);
    }

    /** Returns all jobs, in the order of their ids. */
    public List<Job> jobs() {
        turn.lock();
        try {
            return tables.jobs().stream().map(MemoryJob::job).toList();
        } finally {
            turn.unlock();
        }
    }

    /** Removes all jobs, workers and periodic times. Ids continue from where they were. */
    public void reset() {
        turn.lock();
        try {
            tables.clear();
        } finally {
            turn.unlock();
        }
    }

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public Set<Capability> capabilities() {
        return EnumSet.copyOf(CAPABILITIES);
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    /** Always returns a blocking view of this connector: no other connector could see its jobs. */
    @Override
    public SyncConnector sync() {
        return blocking;
    }

    @Override
    public CompletionStage<@Nullable Void> openAsync(@Nullable Object pool) {
        if (pool != null) {
            return CompletableFuture.failedFuture(
                    ConnectorException.refusal("The connector 'memory' takes no pool, not a "
                            + pool.getClass().getName() + ": it has no database. Open it without one."));
        }
        open = true;
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<@Nullable Void> closeAsync() {
        open = false;
        subscriptions.forEach(MemorySubscription::close);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<List<Row>> execute(BoundQuery query) {
        if (!open) {
            return CompletableFuture.failedFuture(notOpen());
        }
        turn.lock();
        try {
            List<Row> rows = queries.execute(query);
            deliver();
            return CompletableFuture.completedFuture(rows);
        } catch (RuntimeException e) {
            sent.clear();
            return CompletableFuture.failedFuture(e);
        } finally {
            turn.unlock();
        }
    }

    @Override
    public CompletionStage<List<Row>> execute(BoundQuery query, Object connection) {
        return CompletableFuture.failedFuture(ConnectorException.refusal(
                "The connector 'memory' does not support external connections of" + " the class "
                        + connection.getClass().getName() + ": it takes none, it has no database. Nothing was sent."));
    }

    @Override
    public CompletionStage<@Nullable Void> runScript(String sql) {
        return CompletableFuture.failedFuture(
                open
                        ? ConnectorException.refusal("The connector 'memory' has no SQL: it runs no scripts.")
                        : notOpen());
    }

    /** Reserves nothing: there are no connections to wait for. */
    @Override
    public ReservedConnection reserve() {
        return new Reserved();
    }

    @Override
    public Subscription listen(Collection<String> channels, NotificationListener listener) {
        if (!open) {
            throw notOpen();
        }
        MemorySubscription listening = new MemorySubscription(Set.copyOf(channels), listener);
        subscriptions.add(listening);
        listener.onListening();
        return listening;
    }

    @Override
    public boolean isOnNonBlockingThread() {
        return false;
    }

    private void deliver() {
        for (Notification notification = sent.poll(); notification != null; notification = sent.poll()) {
            for (MemorySubscription listening : subscriptions) {
                listening.receive(notification);
            }
        }
    }

    private static AppNotOpenException notOpen() {
        return new AppNotOpenException(
                "The connector 'memory' is not open. Call app.open(), app.openAsync() or app.runWorker() first.");
    }

    private final class Reserved implements ReservedConnection {

        private volatile boolean closed;

        @Override
        public CompletionStage<List<Row>> execute(BoundQuery query) {
            return closed
                    ? CompletableFuture.failedFuture(ConnectorException.refusal("The reserved connection was closed"))
                    : InMemoryConnector.this.execute(query);
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private final class MemorySubscription implements Subscription {

        private final Set<String> channels;
        private final NotificationListener listener;

        MemorySubscription(Set<String> channels, NotificationListener listener) {
            this.channels = channels;
            this.listener = listener;
        }

        void receive(Notification notification) {
            if (channels.contains(notification.channel())) {
                listener.onNotification(notification);
            }
        }

        @Override
        public void close() {
            subscriptions.remove(this);
        }
    }
}

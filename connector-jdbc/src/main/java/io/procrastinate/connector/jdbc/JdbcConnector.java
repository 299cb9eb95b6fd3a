package io.procrastinate.connector.jdbc;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.ParameterSupport;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SharedPool;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A connector over JDBC. The application's pool is a {@link DataSource}, used as it is and never closed; the caller's
 * connection is a {@link Connection}.
 *
 * <p>A statement's deadline becomes the driver's query time-out, rounded up to whole seconds. On connections of a pool,
 * the connector's own or the application's, the socket gets a limit too, two seconds longer, so that a half-open
 * connection is given up; on the caller's own connection that is left to the caller. A statement that the server
 * refused because of a stale plan is sent once more, unless the transaction is the caller's.
 *
 * <p>The application's pool decides how long to wait for one of its connections.
 *
 * <p>An interrupt stops no statement, and the thread stays interrupted. Virtual threads are an exception if the driver
 * uses Java's sockets: interrupting one that waits for the server closes the connection, by Java's rules, and the call
 * fails as after any loss.
 *
 * <p>This class is thread-safe.
 */
public final class JdbcConnector implements SyncConnector {

    /** How much longer than the limits of the connection and the statement a driver on a separate thread may take. */
    private static final Duration LAST_GRACE = Duration.ofSeconds(5);

    private final String name;
    private final ConnectorSettings settings;
    private final Builder parts;
    private final Failures failures;
    private final PooledCalls calls;
    private final StatementRunner statements;
    private final @Nullable CallThreads threads;
    private final OpenSessions sessions = new OpenSessions();
    private final Set<Reservation> reservations = ConcurrentHashMap.newKeySet();
    private final ReentrantLock opening = new ReentrantLock();
    private volatile @Nullable ConnectionPool pool;
    private volatile @Nullable ApplicationPool applicationPool;

    private JdbcConnector(Builder parts) {
        this.name = parts.name;
        this.settings = parts.settings;
        this.parts = parts;
        this.failures = new Failures(parts.dialect);
        this.calls = new PooledCalls(parts.dialect, failures);
        this.statements = new StatementRunner(parts.dialect);
        this.threads = parts.dialect.swallowsInterrupts() ? new CallThreads("procrastinate-" + parts.name) : null;
    }

    /** Returns a connector for any data source: it must be opened with the application's, and it does not listen. */
    public static JdbcConnector create(ConnectorSettings settings) {
        return builder("jdbc", settings).build();
    }

    /** Starts a connector of a name; if it opens no pool, only the settings about statements count. */
    public static Builder builder(String name, ConnectorSettings settings) {
        return new Builder(name, settings);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Set<Capability> capabilities() {
        Set<Capability> capabilities = EnumSet.allOf(Capability.class);
        if (parts.ownPool == null) {
            capabilities.remove(Capability.OWN_POOL);
        }
        if (parts.notifications == null) {
            capabilities.remove(Capability.LISTEN);
        }
        if (parts.dialect.alwaysPrepares()) {
            capabilities.remove(Capability.UNPREPARED);
        }
        return capabilities;
    }

    @Override
    public boolean accepts(Object given) {
        return parts.poolClass.isInstance(given);
    }

    @Override
    public ParameterSupport parameterSupport() {
        return parts.parameterSupport;
    }

    @Override
    public boolean isOpen() {
        return pool != null;
    }

    /**
     * Opens the connector; the pool is a {@link DataSource}, or null for a pool of its own if the connector has one.
     */
    @Override
    public void open(@Nullable Object given) {
        opening.lock();
        try {
            if (pool == null) {
                requireSettings(given == null);
                applicationPool = given == null ? null : applicationPool(given);
                pool = applicationPool == null ? openOwnPool() : applicationPool;
            }
        } finally {
            opening.unlock();
        }
    }

    private void requireSettings(boolean own) {
        if (!settings.preparedStatements() && parts.dialect.alwaysPrepares()) {
            throw ConnectorException.refusal(
                    "The connector '" + name + "' cannot do without prepared statements: its driver prepares some of"
                            + " its own. Leave them on, or use another connector (such as procrastinate-connector-pgjdbc).");
        }
        if (own && parts.ownPool != null) {
            parts.parameterSupport.require(name, settings);
        }
        if (settings.listenUrl() != null && parts.notifications != null) {
            parts.parameterSupport.require(name, settings.forListening());
        }
    }

    private ConnectionPool openOwnPool() {
        ConnectionPool.Opener opener = parts.ownPool;
        if (opener == null) {
            throw ConnectorException.refusal(
                    "The connector '" + name + "' opens no pool of its own: give it the application's with"
                            + " app.open(dataSource) or app.openAsync(dataSource).");
        }
        try {
            return HeldInterrupt.during(opener::open);
        } catch (LinkageError e) {
            throw new ConnectorException(
                    "The connector '" + name
                            + "' cannot open a pool of its own: it needs a class that is missing from the"
                            + " class path or has another version there: " + e
                            + ". Add the library to the build (com.zaxxer:HikariCP keeps the pool), or give the app a pool"
                            + " of the application with app.open(dataSource) or app.openAsync(dataSource).",
                    null,
                    false,
                    e);
        } catch (Exception e) {
            throw failures.opening(name, settings, e);
        }
    }

    private ApplicationPool applicationPool(Object given) {
        if (!accepts(given)) {
            throw ConnectorException.refusal("The connector '" + name + "' takes a pool of the class "
                    + parts.poolClass.getName() + ", not a " + given.getClass().getName() + ".");
        }
        DataSource dataSource = (DataSource) given;
        TransactionAwareness.requireNone(name, dataSource);
        ApplicationPool application =
                new ApplicationPool(parts.poolView.apply(given), PoolSize.of(dataSource), settings.connectTimeout());
        String attempt = "Opening the connector '" + name + "' on the application's pool";
        Duration deadline = settings.connectTimeout();
        boolean alive = guarded(
                attempt,
                deadline,
                () -> calls.call(
                        application,
                        attempt,
                        deadline,
                        connection -> connection.isValid(StatementRunner.seconds(deadline))));
        if (!alive) {
            throw new ConnectorException(
                    attempt + " failed: the connection that it gave does not answer.", null, true, null);
        }
        return application;
    }

    @Override
    public void close() {
        ConnectionPool closing;
        opening.lock();
        try {
            closing = pool;
            pool = null;
            applicationPool = null;
        } finally {
            opening.unlock();
        }
        sessions.closeAll();
        reservations.forEach(Reservation::connectorClosed);
        if (closing != null) {
            closing.close();
        }
    }

    @Override
    public List<Row> execute(BoundQuery query) {
        return execute(query, openPool(), settings.connectTimeout());
    }

    /** @param patience how long to wait for a connection at most, if the pool does not decide that */
    private List<Row> execute(BoundQuery query, ConnectionPool connections, Duration patience) {
        Duration deadline = query.deadline(settings);
        String attempt = "Query " + query;
        return guarded(
                attempt,
                patience,
                deadline,
                () -> calls.call(connections, attempt, deadline, new QueryCall(statements, query, deadline)));
    }

    /** Executes a query on the caller's {@link Connection}, as it is: neither committed nor rolled back. */
    @Override
    public List<Row> execute(BoundQuery query, Object connection) {
        if (!(connection instanceof Connection callers)) {
            throw ConnectorException.refusal(
                    "The connector '" + name + "' does not support external connections of the class "
                            + connection.getClass().getName() + ": it takes a " + Connection.class.getName()
                            + ". Nothing was sent.");
        }
        String attempt = "Query " + query + " on the caller's connection";
        Duration deadline = query.deadline(settings);
        return guarded(attempt, deadline, () -> {
            try {
                return HeldInterrupt.during(() -> statements.run(callers, query, deadline));
            } catch (Exception e) {
                throw failures.translate(attempt, e, parts.dialect.isLost(callers, e));
            }
        });
    }

    @Override
    public void runScript(String sql) {
        Duration deadline = settings.statementTimeout();
        ConnectionPool open = openPool();
        String attempt = "Running a script";
        PooledCalls.Call<Boolean> script = calls.inTransaction(connection -> {
            statements.runScript(connection, sql, deadline);
            return true;
        });
        guarded(attempt, deadline, () -> calls.call(open, attempt, deadline, script));
    }

    /**
     * Makes a call on this thread or, for a driver that needs it, on another one, waiting no longer than the call may
     * take.
     */
    private <T> T guarded(String attempt, Duration deadline, Supplier<T> call) {
        return guarded(attempt, settings.connectTimeout(), deadline, call);
    }

    private <T> T guarded(String attempt, Duration patience, Duration deadline, Supplier<T> call) {
        if (threads == null) {
            return call.get();
        }
        Duration bound = patience.plus(deadline).plus(LAST_GRACE);
        try {
            return threads.call(bound, call::get);
        } catch (TimeoutException e) {
            throw new ConnectorException(attempt + " did not end within " + bound, null, true, e);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw failures.translate(attempt, e);
        }
    }

    @Override
    public ListenSession listen(Collection<String> channels) {
        openPool();
        NotificationSource source = parts.notifications;
        if (source == null) {
            throw ConnectorException.refusal(
                    "The connector '" + name + "' cannot listen for notifications: JDBC has no call for it. Use the"
                            + " connector of a driver (such as procrastinate-connector-pgjdbc), or let workers poll.");
        }
        ListenSession session;
        try {
            session = sessions.add(HeldInterrupt.during(() -> source.listen(applicationPool, channels)));
        } catch (Exception e) {
            throw failures.translate("Listening", e);
        }
        if (pool == null) {
            session.close();
            throw notOpen();
        }
        return session;
    }

    @Override
    public ReservedConnection reserve() {
        Reservation reservation = new Reservation(() -> pool, settings.connectTimeout());
        reservations.add(reservation);
        return new ReservedConnection() {
            @Override
            public CompletionStage<List<Row>> execute(BoundQuery query) {
                try {
                    openPool();
                    // Waits for the turn, for the connection, and for the one that proves that there are more.
                    Duration patience = settings.connectTimeout().multipliedBy(3);
                    return CompletableFuture.completedFuture(JdbcConnector.this.execute(query, reservation, patience));
                } catch (RuntimeException | Error e) {
                    if (e.getCause() instanceof TimeoutException) {
                        reservation.cut();
                    }
                    return CompletableFuture.failedFuture(e);
                }
            }

            @Override
            public void close() {
                reservations.remove(reservation);
                reservation.close();
            }
        };
    }

    @Override
    public Optional<SharedPool> sharedPool() {
        ApplicationPool shared = applicationPool;
        return shared == null
                ? Optional.empty()
                : Optional.of(
                        new SharedPool(shared.size(), parts.notifications != null && settings.listenUrl() == null));
    }

    /** The name and the target of the connector, without secrets. */
    @Override
    public String toString() {
        return name + "[" + (applicationPool == null ? settings.target() : "the application's pool") + "]";
    }

    private ConnectionPool openPool() {
        ConnectionPool open = pool;
        if (open == null) {
            throw notOpen();
        }
        return open;
    }

    private AppNotOpenException notOpen() {
        return new AppNotOpenException(
                "The connector '" + name + "' is not open. Call app.open(), app.openAsync() or app.runWorker() first.");
    }

    /** Builds a connector. Not thread-safe. */
    public static final class Builder {

        private final String name;
        private final ConnectorSettings settings;
        private JdbcDialect dialect = JdbcDialect.STANDARD;
        private Class<?> poolClass = DataSource.class;
        private Function<Object, ConnectionPool> poolView = pool -> new DataSourcePool((DataSource) pool);
        private ParameterSupport parameterSupport = ParameterSupport.NONE;
        private ConnectionPool.@Nullable Opener ownPool;
        private @Nullable NotificationSource notifications;

        private Builder(String name, ConnectorSettings settings) {
            this.name = name;
            this.settings = settings;
        }

        /** Sets how the driver differs from the JDBC specification; default {@link JdbcDialect#STANDARD}. */
        public Builder dialect(JdbcDialect differences) {
            this.dialect = differences;
            return this;
        }

        /**
         * Sets which connection parameters the connector's own connections honour; others are refused. By default none.
         */
        public Builder parameterSupport(ParameterSupport support) {
            this.parameterSupport = support;
            return this;
        }

        /** Sets how a pool is opened from the settings; by default the connector has none of its own. */
        public Builder ownPool(ConnectionPool.@Nullable Opener opener) {
            this.ownPool = opener;
            return this;
        }

        /** Sets which class the application's pool must have and how it is borrowed from; default any data source. */
        public <P extends DataSource> Builder applicationPool(Class<P> accepted, Function<P, ConnectionPool> view) {
            this.poolClass = accepted;
            this.poolView = pool -> view.apply(accepted.cast(pool));
            return this;
        }

        /** Sets how to listen; by default the connector does not. */
        public Builder notifications(@Nullable NotificationSource source) {
            this.notifications = source;
            return this;
        }

        /** The connector, closed. */
        public JdbcConnector build() {
            return new JdbcConnector(this);
        }
    }
}

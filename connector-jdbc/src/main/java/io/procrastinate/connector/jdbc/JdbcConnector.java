package io.procrastinate.connector.jdbc;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A connector over JDBC. The application's pool is a {@link DataSource}, used as it is and never closed; the caller's
 * connection is a {@link Connection}.
 *
 * <p>A statement's deadline is kept by the driver's query time-out, rounded up to whole seconds. On connections of a pool, the
 * connector's own or the application's, the socket has a limit too, two seconds beyond, so that a half-open connection is
 * given up; on the caller's own connection that is left to the caller. A statement that the server refused because of a stale
 * plan is sent once more, unless the transaction is the caller's. Interrupting a thread does not stop its statement; the
 * thread stays interrupted.
 *
 * <p>This class is thread-safe.
 */
public final class JdbcConnector implements SyncConnector {

    private final String name;
    private final ConnectorSettings settings;
    private final Builder parts;
    private final Failures failures;
    private final PooledCalls calls;
    private final StatementRunner statements;
    private final OpenSessions sessions = new OpenSessions();
    private final ReentrantLock opening = new ReentrantLock();
    private volatile @Nullable ConnectionPool pool;
    private volatile @Nullable ConnectionPool applicationPool;

    private JdbcConnector(Builder parts) {
        this.name = parts.name;
        this.settings = parts.settings;
        this.parts = parts;
        this.failures = new Failures(parts.dialect);
        this.calls = new PooledCalls(parts.dialect, failures);
        this.statements = new StatementRunner(parts.dialect);
    }

    /** A connector for any data source: opening it needs the application's, and it does not listen. */
    public static JdbcConnector create(ConnectorSettings settings) {
        return builder("jdbc", settings).build();
    }

    /** Starts a connector of a name, with settings of which only those of statements count where it opens no pool. */
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
        return capabilities;
    }

    @Override
    public boolean isOpen() {
        return pool != null;
    }

    /** Opens the connector; the pool is a {@link DataSource}, or null for a pool of its own where the connector has one. */
    @Override
    public void open(@Nullable Object given) {
        opening.lock();
        try {
            if (pool == null) {
                applicationPool = given == null ? null : applicationPool(given);
                pool = applicationPool == null ? openOwnPool() : applicationPool;
            }
        } finally {
            opening.unlock();
        }
    }

    private ConnectionPool openOwnPool() {
        ConnectionPool.Opener opener = parts.ownPool;
        if (opener == null) {
            throw refusal("The connector '" + name + "' opens no pool of its own: give it the application's with"
                    + " app.open(dataSource) or app.openAsync(dataSource).");
        }
        try {
            return opener.open();
        } catch (SQLException | RuntimeException e) {
            throw failures.opening(name, settings, e);
        }
    }

    private ConnectionPool applicationPool(Object given) {
        if (!parts.poolClass.isInstance(given)) {
            throw refusal("The connector '" + name + "' takes a pool of the class " + parts.poolClass.getName()
                    + ", not a " + given.getClass().getName() + ".");
        }
        ConnectionPool application = parts.poolView.apply(given);
        String attempt = "Opening the connector '" + name + "' on the application's pool";
        boolean alive = calls.call(
                application,
                attempt,
                settings.connectTimeout(),
                connection -> connection.isValid(StatementRunner.seconds(settings.connectTimeout())));
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
        if (closing != null) {
            closing.close();
        }
    }

    @Override
    public List<Row> execute(BoundQuery query) {
        Duration deadline = deadline(query);
        return calls.call(
                openPool(), "Query " + query, deadline, connection -> statements.run(connection, query, deadline));
    }

    /** Executes a query on the caller's {@link Connection}, as it is: neither committed nor rolled back. */
    @Override
    public List<Row> execute(BoundQuery query, Object connection) {
        if (!(connection instanceof Connection callers)) {
            throw refusal("The connector '" + name + "' does not support external connections of the class "
                    + connection.getClass().getName() + ": it takes a " + Connection.class.getName()
                    + ". Nothing was sent.");
        }
        try {
            return statements.run(callers, query, deadline(query));
        } catch (SQLException | RuntimeException e) {
            throw failures.translate(
                    "Query " + query + " on the caller's connection", e, parts.dialect.isLost(callers, e));
        }
    }

    @Override
    public void runScript(String sql) {
        Duration deadline = settings.statementTimeout();
        calls.call(openPool(), "Running a script", deadline, PooledCalls.inTransaction(connection -> {
            statements.runScript(connection, sql, deadline);
            return true;
        }));
    }

    @Override
    public ListenSession listen(Collection<String> channels) {
        openPool();
        NotificationSource source = parts.notifications;
        if (source == null) {
            throw refusal(
                    "The connector '" + name + "' cannot listen for notifications: JDBC has no call for it. Use the"
                            + " connector of a driver (such as procrastinate-connector-pgjdbc), or let workers poll.");
        }
        ListenSession session;
        try {
            session = sessions.add(source.listen(applicationPool, channels));
        } catch (SQLException | RuntimeException e) {
            throw failures.translate("Listening", e);
        }
        if (pool == null) {
            session.close();
            throw notOpen();
        }
        return session;
    }

    /** The name and where the connector leads, without secrets. */
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

    private Duration deadline(BoundQuery query) {
        Duration own = query.deadline();
        return own == null ? settings.statementTimeout() : own;
    }

    private static ConnectorException refusal(String message) {
        return new ConnectorException(message, null, false, null);
    }

    /** Puts a connector together. Used by one thread. */
    public static final class Builder {

        private final String name;
        private final ConnectorSettings settings;
        private JdbcDialect dialect = JdbcDialect.STANDARD;
        private Class<?> poolClass = DataSource.class;
        private Function<Object, ConnectionPool> poolView = pool -> new DataSourcePool((DataSource) pool);
        private ConnectionPool.@Nullable Opener ownPool;
        private @Nullable NotificationSource notifications;

        private Builder(String name, ConnectorSettings settings) {
            this.name = name;
            this.settings = settings;
        }

        /** Sets where the driver differs; default {@link JdbcDialect#STANDARD}. */
        public Builder dialect(JdbcDialect differences) {
            this.dialect = differences;
            return this;
        }

        /** Sets how a pool is opened from the settings; by default there is none. */
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

package io.procrastinate.tck;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ServerVariables;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.driver.StartupRefusal;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/** A pool as small as the connector that it serves. */
final class SmallPool {

    private final ConnectorSettings settings;
    private final @Nullable DataSource given;
    private final Semaphore places;
    private final Deque<Connection> idle = new ArrayDeque<>();
    private final Set<Connection> all = new HashSet<>();
    private boolean closed;

    SmallPool(ConnectorSettings settings, @Nullable DataSource given) {
        this.settings = settings;
        this.given = given;
        this.places = new Semaphore(settings.poolSize(), true);
    }

    ConnectorSettings settings() {
        return settings;
    }

    String target() {
        return settings.target();
    }

    @Nullable
    DataSource given() {
        return given;
    }

    Connection take() throws SQLException {
        try {
            if (!places.tryAcquire(settings.connectTimeout().toMillis(), TimeUnit.MILLISECONDS)) {
                throw new SQLTransientConnectionException("all " + settings.poolSize() + " connections are in use");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLTransientConnectionException("interrupted while waiting for a connection", e);
        }
        try {
            Connection connection = idleOne();
            return connection == null ? another() : connection;
        } catch (SQLException | RuntimeException e) {
            places.release();
            throw e;
        }
    }

    private @Nullable Connection idleOne() throws SQLException {
        while (true) {
            Connection connection;
            synchronized (this) {
                connection = idle.poll();
            }
            if (connection == null || connection.isValid(2)) {
                return connection;
            }
            forget(connection);
        }
    }

    private Connection another() throws SQLException {
        Connection connection = given == null ? connect(settings) : given.getConnection();
        synchronized (this) {
            if (!closed) {
                all.add(connection);
                return connection;
            }
        }
        discard(connection);
        throw new SQLTransientConnectionException("the pool was closed meanwhile");
    }

    void giveBack(Connection connection) {
        boolean keep;
        synchronized (this) {
            keep = !closed && given == null && isAlive(connection);
            if (keep) {
                idle.push(connection);
            }
        }
        if (!keep) {
            forget(connection);
        }
        places.release();
    }

    /** Takes one besides the others, or one of the application's if that has more. */
    Connection takeToKeep(boolean sparesOne) throws SQLException {
        Connection connection = another();
        if (given != null && sparesOne) {
            try {
                given.getConnection().close();
            } catch (SQLException e) {
                forget(connection);
                throw new SQLTransientConnectionException(
                        "the application's pool has one connection, two are needed", e);
            }
        }
        return connection;
    }

    void forget(Connection connection) {
        synchronized (this) {
            all.remove(connection);
        }
        discard(connection);
    }

    void close() {
        Set<Connection> closing;
        synchronized (this) {
            closed = true;
            closing = Set.copyOf(all);
            all.clear();
            idle.clear();
        }
        closing.forEach(SmallPool::abort);
    }

    static boolean isAlive(Connection connection) {
        try {
            return !connection.isClosed();
        } catch (SQLException e) {
            return false; // whatever the failure is, the connection must not be reused
        }
    }

    static void reset(Connection connection) {
        try {
            if (!connection.isClosed() && !connection.getAutoCommit()) {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            discard(connection);
        }
    }

    static void discard(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            abort(connection);
        }
    }

    static void abort(Connection connection) {
        try {
            connection.abort(Runnable::run);
        } catch (SQLException e) {
            throw new IllegalStateException("A connection cannot be aborted", e);
        }
    }

    static Connection connect(ConnectorSettings settings) throws SQLException {
        SmallConnector.SUPPORT.require("small", settings);
        try {
            return connect(settings, settings.preparedStatements());
        } catch (SQLException e) {
            if (StartupRefusal.isOfPooler(e.getSQLState(), e.getMessage())) {
                return connect(settings, false);
            }
            throw e;
        }
    }

    private static Connection connect(ConnectorSettings settings, boolean wishes) throws SQLException {
        PGSimpleDataSource source = TestDatabase.dataSource(settings);
        Map<String, String> variables = new HashMap<>(wishes ? SessionSettings.parameters() : Map.of());
        variables.putAll(settings.variables());
        source.setOptions(variables.isEmpty() ? null : ServerVariables.options(variables));
        source.setTcpKeepAlive(!"0".equals(settings.parameters().get("keepalives")));
        if (!settings.preparedStatements()) {
            source.setPrepareThreshold(0);
        }
        Connection connection = source.getConnection();
        try (Statement statement = connection.createStatement()) {
            // The driver sets some of them itself when it connects.
            statement.execute(ServerVariables.sql(settings.variables()));
        }
        return connection;
    }
}

package io.procrastinate.connector.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.pool.HikariPool;
import io.procrastinate.connector.ConnectorSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connector's own pool, managed by HikariCP. It starts with one connection and grows as needed. A server that comes
 * back is found within about a second. Thread-safe.
 */
public final class HikariConnectionPool implements ConnectionPool {

    private static final Logger LOGGER = LoggerFactory.getLogger(HikariConnectionPool.class);

    /** The shortest wait that HikariCP accepts. */
    private static final Duration SHORTEST_WAIT = Duration.ofMillis(250);

    /** How long an idle connection may take to answer before another one is tried. */
    private static final Duration VALIDATION = Duration.ofSeconds(2);

    private final HikariPool pool;
    private final ConnectionFactory driver;
    private final PersistentDataSource source;
    private final int size;
    private final Duration patience;
    private final @Nullable String initSql;

    private HikariConnectionPool(
            HikariPool pool,
            ConnectionFactory driver,
            PersistentDataSource source,
            int size,
            Duration patience,
            @Nullable String initSql) {
        this.pool = pool;
        this.driver = driver;
        this.source = source;
        this.size = size;
        this.patience = patience;
        this.initSql = initSql;
    }

    /**
     * Opens a pool over a driver, after making and closing one connection, so that a failure is reported immediately as
     * what it is.
     *
     * @param name the name of the pool's threads
     * @param driver makes connections and knows the password, which the pool never sees
     * @param settings the pool's size and how long to wait
     * @param initSql what every new connection executes first, or null
     * @throws SQLException if the first connection cannot be made; nothing is left open then
     */
    public static ConnectionPool open(
            String name, ConnectionFactory driver, ConnectorSettings settings, @Nullable String initSql)
            throws SQLException {
        driver.connect().close();
        Duration patience =
                settings.connectTimeout().compareTo(SHORTEST_WAIT) < 0 ? SHORTEST_WAIT : settings.connectTimeout();
        PersistentDataSource source = new PersistentDataSource(driver);
        HikariConfig config = new HikariConfig();
        config.setPoolName("procrastinate-" + name);
        config.setDataSource(source);
        config.setMaximumPoolSize(settings.poolSize());
        config.setMinimumIdle(1);
        config.setConnectionTimeout(patience.toMillis());
        config.setValidationTimeout(Math.min(VALIDATION.toMillis(), patience.toMillis()));
        config.setConnectionInitSql(initSql);
        config.setInitializationFailTimeout(-1);
        config.setExceptionOverride(new KeepUntilDiscarded());
        config.validate();
        return new HikariConnectionPool(new HikariPool(config), driver, source, settings.poolSize(), patience, initSql);
    }

    @Override
    public Connection borrow() throws SQLException {
        try {
            return pool.getConnection();
        } catch (SQLTransientConnectionException e) {
            if (source.isClosed()) {
                throw new SQLTransientConnectionException(
                        "the pool was closed while a call waited for a connection", e);
            }
            SQLException failure = source.lastFailure();
            if (failure != null) {
                throw failure;
            }
            throw new SQLTransientConnectionException(
                    "the pool is exhausted: all " + size + " connections (pool size " + size
                            + ") are in use and none came free within " + patience,
                    e);
        }
    }

    @Override
    public Connection borrowToKeep() throws SQLException {
        Connection connection = driver.connect();
        if (initSql != null) {
            try (Statement statement = connection.createStatement()) {
                NetworkLimit limit = NetworkLimit.set(connection, patience);
                statement.execute(initSql);
                if (limit != null) {
                    limit.restore(connection);
                }
            } catch (SQLException | RuntimeException e) {
                Quietly.abort(connection);
                throw e;
            }
        }
        return connection;
    }

    @Override
    public void discard(Connection connection) {
        pool.evictConnection(connection);
        Quietly.abort(connection);
    }

    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        source.close();
        try {
            pool.shutdown();
        } catch (InterruptedException e) {
            interrupted = true;
            LOGGER.debug("Interrupted while the pool was closing", e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}

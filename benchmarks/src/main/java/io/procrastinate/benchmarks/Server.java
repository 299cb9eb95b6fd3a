package io.procrastinate.benchmarks;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The PostgreSQL server of a run, on loopback, deleted afterwards. It is durable as servers are by default, which the embedded
 * one would not be by itself.
 */
final class Server implements AutoCloseable {

    private static final Duration STARTUP = Duration.ofSeconds(60);

    /** Durability is the default's; the rest keeps checkpoints from falling into one contestant's turn only. */
    private static final Map<String, String> SETTINGS = Map.of(
            "fsync", "on",
            "synchronous_commit", "on",
            "full_page_writes", "on",
            "shared_buffers", "1GB",
            "max_wal_size", "4GB",
            "max_connections", "400",
            "shared_preload_libraries", "pg_stat_statements",
            // Switched on for what counts statements only.
            "pg_stat_statements.track", "none");

    private final EmbeddedPostgres embedded;

    private Server(EmbeddedPostgres embedded) {
        this.embedded = embedded;
    }

    static Server start() {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder().setPGStartupWait(STARTUP);
        SETTINGS.forEach(builder::setServerConfig);
        try {
            Server server = new Server(builder.start());
            server.requireDurable();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException("The embedded PostgreSQL does not start", e);
        }
    }

    private void requireDurable() {
        for (String setting : new String[] {"fsync", "synchronous_commit", "full_page_writes"}) {
            String value = text("postgres", "SHOW " + setting);
            if (!value.equals("on")) {
                throw new IllegalStateException(setting + " is " + value + " in spite of the settings");
            }
        }
    }

    /** The server's version. */
    String version() {
        return text("postgres", "SHOW server_version");
    }

    /** The URL of a database, as the clients of all languages take it. */
    String url(String database) {
        return "postgresql://127.0.0.1:" + embedded.getPort() + "/" + database + "?user=postgres&sslmode=disable";
    }

    Connection connect(String database) throws SQLException {
        return DriverManager.getConnection("jdbc:" + url(database));
    }

    /** Executes statements one by one, outside a transaction. */
    void run(String database, String... statements) {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new IllegalStateException("The harness's own statement failed: " + String.join("; ", statements), e);
        }
    }

    /** The first value of a query. */
    String text(String database, String sql) {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        } catch (SQLException e) {
            throw new IllegalStateException("The harness's own query failed: " + sql, e);
        }
    }

    /** The processor time that each client's backend of a database has used. Those that have ended are missing. */
    Map<Long, Duration> cpu(String database) {
        String sql = "SELECT pid FROM pg_stat_activity WHERE datname = ? AND backend_type = 'client backend'";
        Map<Long, Duration> cpu = new HashMap<>();
        try (Connection connection = connect("postgres");
                PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, database);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    long pid = rows.getLong(1);
                    ProcessHandle.of(pid)
                            .flatMap(backend -> backend.info().totalCpuDuration())
                            .ifPresent(used -> cpu.put(pid, used));
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException("The backends of " + database + " cannot be listed", e);
        }
        return cpu;
    }

    /** What the backends used between two looks, or nothing where the system does not tell. */
    static Optional<Duration> between(Map<Long, Duration> before, Map<Long, Duration> after) {
        return after.isEmpty()
                ? Optional.empty()
                : Optional.of(after.entrySet().stream()
                        .map(backend -> backend.getValue().minus(before.getOrDefault(backend.getKey(), Duration.ZERO)))
                        .reduce(Duration.ZERO, Duration::plus));
    }

    @Override
    public void close() {
        try {
            embedded.close();
        } catch (IOException e) {
            throw new UncheckedIOException("The embedded PostgreSQL does not stop", e);
        }
    }
}

package io.procrastinate.benchmarks;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The PostgreSQL server of a run, on loopback, deleted afterwards. It is durable like a server with default settings,
 * unlike the embedded one.
 */
final class Server implements AutoCloseable {

    private static final Duration STARTUP = Duration.ofSeconds(60);

    /** Durability as by default; the rest prevents checkpoints during only one system's turn. */
    private static final Map<String, String> SETTINGS = Map.of(
            "fsync", "on",
            "synchronous_commit", "on",
            "full_page_writes", "on",
            "shared_buffers", "1GB",
            "max_wal_size", "4GB",
            "max_connections", "1300",
            "shared_preload_libraries", "pg_stat_statements");

    /** Positions in Linux's process statistics, counted after the name: see proc_pid_stat(5). */
    private static final int USED = 11;

    private static final int USED_BY_ENDED = 13;
    /** Linux reports times in hundredths of a second, whatever its own clock rate. */
    private static final int TICK_MILLIS = 10;

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
            server.countStatements(false);
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

    /** Counting costs time, so it is switched on only if needed. */
    void countStatements(boolean count) {
        run(
                "postgres",
                "CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
                "ALTER SYSTEM SET pg_stat_statements.track = '" + (count ? "top" : "none") + "'",
                "SELECT pg_reload_conf()");
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

    /**
     * The processor time that all processes of the server have used so far, those that have ended among them. Empty if
     * the system does not tell, which is everywhere but on Linux.
     */
    Optional<Duration> cpu() {
        Path processes = Path.of("/proc");
        if (!Files.isReadable(processes.resolve("self/stat"))) {
            return Optional.empty();
        }
        Path pidFile = Path.of(text("postgres", "SHOW data_directory"), "postmaster.pid");
        try {
            long postmaster = Long.parseLong(Files.readAllLines(pidFile).get(0).strip());
            while (true) {
                String[] own = fields(processes, postmaster);
                long ended = ticks(own, USED_BY_ENDED);
                long ticks = ticks(own, USED) + ended + ticksOfChildren(processes, postmaster);
                // The time of a process that ended meanwhile counts among the ended now, and may be missing above.
                if (ticks(fields(processes, postmaster), USED_BY_ENDED) == ended) {
                    return Optional.of(Duration.ofMillis(ticks * TICK_MILLIS));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The processes of the server cannot be inspected", e);
        }
    }

    private static long ticksOfChildren(Path processes, long postmaster) throws IOException {
        List<Long> children = ProcessHandle.of(postmaster).stream()
                .flatMap(ProcessHandle::children)
                .map(ProcessHandle::pid)
                .toList();
        long ticks = 0;
        for (long child : children) {
            ticks += ticksOfLiving(processes, child);
        }
        return ticks;
    }

    private static long ticksOfLiving(Path processes, long pid) throws IOException {
        try {
            return ticks(fields(processes, pid), USED);
        } catch (IOException e) {
            if (ProcessHandle.of(pid).isPresent()) {
                throw e;
            }
            return 0; // it has ended, before the file was opened or while it was read
        }
    }

    /** The system's statistics of a process after its name, which may contain spaces. */
    private static String[] fields(Path processes, long pid) throws IOException {
        String stat = Files.readString(processes.resolve(pid + "/stat"));
        return stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    }

    /** The sum of user and system time, which are adjacent. */
    private static long ticks(String[] fields, int first) {
        return Long.parseLong(fields[first]) + Long.parseLong(fields[first + 1]);
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

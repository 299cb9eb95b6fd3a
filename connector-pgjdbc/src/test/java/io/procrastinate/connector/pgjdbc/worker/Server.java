package io.procrastinate.connector.pgjdbc.worker;

import io.procrastinate.connector.ConnectorSettings;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A PostgreSQL server of a test's own, which can be stopped and started again with its data, on the same port. */
final class Server implements AutoCloseable {

    private static final AtomicLong DATABASES = new AtomicLong();
    private static @Nullable Server shared;

    private final Path data;
    private final int port;
    private EmbeddedPostgres running;

    Server(Path data) throws IOException {
        this.data = data;
        this.running = start(0);
        this.port = running.getPort();
    }

    /** One that is not stopped; it ends with the JVM. */
    static synchronized Server shared() {
        Server existing = shared;
        if (existing == null) {
            try {
                existing = new Server(Files.createTempDirectory("procrastinate-worker"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        shared = existing;
        return existing;
    }

    private EmbeddedPostgres start(int fixedPort) throws IOException {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setDataDirectory(data)
                .setCleanDataDirectory(false)
                .setPGStartupWait(Duration.ofSeconds(60))
                .setServerConfig("fsync", "off")
                .setServerConfig("max_connections", "200");
        if (fixedPort != 0) {
            builder.setPort(fixedPort);
        }
        return builder.start();
    }

    int port() {
        return port;
    }

    void stop() {
        try {
            running.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void startAgain() {
        try {
            running = start(port);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Settings of a new, empty database. */
    ConnectorSettings newDatabase() throws SQLException {
        String name = "worker_" + DATABASES.incrementAndGet();
        try (Connection connection =
                        DriverManager.getConnection("jdbc:postgresql://localhost:" + port + "/postgres?user=postgres");
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + name);
        }
        return ConnectorSettings.builder()
                .host("localhost")
                .port(port)
                .user("postgres")
                .database(name)
                .sslMode("disable")
                .applicationName("under-test")
                .build();
    }

    @Override
    public void close() {
        stop();
    }
}

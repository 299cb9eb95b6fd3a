package io.procrastinate.testing;

import io.procrastinate.annotation.Internal;
import io.procrastinate.connector.ConnectorSettings;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL server for tests: embedded, with its data in a temporary directory (see {@link #DIRECTORY}), or the one
 * of a URL. An embedded one runs until it is closed or the JVM has ended, in whatever way, so shutdown hooks may use
 * it, too. Thread-safe.
 */
public final class PostgresServer {

    /**
     * The system property that gives the URL of the server to use instead of an embedded one; its user must be a
     * superuser.
     */
    public static final String PROPERTY = "procrastinate.testing.url";

    /** The environment variable that does so if the property is not set. */
    public static final String VARIABLE = "PROCRASTINATE_TESTING_URL";

    /**
     * The system property that names the directory for the data of embedded servers, instead of that for temporary
     * files: they create and remove thousands of files, which costs little in {@code /dev/shm}. It is used if it exists
     * and has 2 GiB of free space.
     */
    public static final String DIRECTORY = "procrastinate.testing.directory";

    private static final Duration STARTUP = Duration.ofSeconds(60);

    private final ConnectorSettings administration;
    private final @Nullable DataDirectory data;
    private final String property;
    private @Nullable EmbeddedPostgres embedded;

    private PostgresServer(
            ConnectorSettings administration,
            @Nullable DataDirectory data,
            @Nullable EmbeddedPostgres embedded,
            String property) {
        this.administration = administration;
        this.data = data;
        this.property = property;
        this.embedded = embedded;
    }

    /**
     * Returns the server of this JVM, started by the first call.
     *
     * @throws UncheckedIOException if an embedded one cannot be started
     */
    public static PostgresServer shared() {
        return Holder.SERVER;
    }

    /** How to reach the server's maintenance database as a superuser. */
    public ConnectorSettings administration() {
        return administration;
    }

    /**
     * Whether the server is an embedded one, which can be stopped.
     *
     * @hidden
     */
    @Internal
    public boolean isEmbedded() {
        return data != null;
    }

    /**
     * Stops the server, disconnecting everyone.
     *
     * @return false, with nothing done, if the server is not embedded or has already been stopped
     * @hidden
     */
    @Internal
    public synchronized boolean stop() {
        EmbeddedPostgres running = embedded;
        if (running == null) {
            return false;
        }
        try {
            running.close();
            embedded = null;
        } catch (IOException e) {
            throw new UncheckedIOException("The embedded PostgreSQL does not stop", e);
        }
        return true;
    }

    /**
     * Starts the server after {@link #stop}, on the same port with the same databases.
     *
     * @hidden
     */
    @Internal
    public synchronized void start() {
        if (data != null && embedded == null) {
            embedded = start(data.path(), administration.port(), property);
        }
    }

    /**
     * Stops the server for good and removes its data; does nothing if the server is not embedded.
     *
     * @hidden
     */
    @Internal
    public synchronized void close() {
        stop();
        if (data != null) {
            data.close();
        }
    }

    /**
     * Creates a separate server.
     *
     * @param property the system property that may give the URL of the server to use instead of an embedded one
     * @param variable the environment variable that may give it if the property is not set
     * @hidden
     */
    @Internal
    public static PostgresServer create(String property, String variable) {
        String url = System.getProperty(property, System.getenv(variable));
        if (url != null && !url.isBlank()) {
            return new PostgresServer(ConnectorSettings.of(url), null, null, property);
        }
        DataDirectory data = DataDirectory.create();
        EmbeddedPostgres embedded = start(data.path(), 0, property);
        ConnectorSettings administration = ConnectorSettings.builder()
                .host("127.0.0.1")
                .port(embedded.getPort())
                .user("postgres")
                .database("postgres")
                .sslMode("disable")
                .build();
        PostgresServer server = new PostgresServer(administration, data, embedded, property);
        if (!data.isWatched()) {
            Runtime.getRuntime().addShutdownHook(new Thread(server::close, "procrastinate-testing-shutdown"));
        }
        return server;
    }

    private static EmbeddedPostgres start(Path data, int port, String property) {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setDataDirectory(data)
                .setCleanDataDirectory(false)
                .setRegisterShutdownHook(false)
                .setPGStartupWait(STARTUP)
                .setServerConfig("fsync", "off")
                .setServerConfig("full_page_writes", "off")
                .setServerConfig("autovacuum", "off")
                .setServerConfig("log_checkpoints", "off")
                .setServerConfig("shared_buffers", "16MB")
                .setServerConfig("max_connections", "300")
                .setServerConfig("max_prepared_transactions", "5");
        if (port != 0) {
            builder.setPort(port);
        }
        try {
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "The embedded PostgreSQL does not start. Set the system property " + property
                            + " to postgresql://... to use another server",
                    e);
        }
    }

    /** Starts the server on first use. */
    private static final class Holder {
        private static final PostgresServer SERVER = create(PROPERTY, VARIABLE);
    }
}

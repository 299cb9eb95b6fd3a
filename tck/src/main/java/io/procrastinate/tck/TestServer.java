package io.procrastinate.tck;

import io.procrastinate.connector.ConnectorSettings;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The PostgreSQL server of this JVM: embedded and started once, or the one that the system property {@value #PROPERTY} or the
 * environment variable {@value #VARIABLE} gives the URL of, whose user must be a superuser.
 */
final class TestServer {

    static final String PROPERTY = "procrastinate.tck.url";
    static final String VARIABLE = "PROCRASTINATE_TCK_URL";

    private static final Duration STARTUP = Duration.ofSeconds(60);

    private final ConnectorSettings administration;
    private final @Nullable Path data;
    private @Nullable EmbeddedPostgres embedded;

    private TestServer(ConnectorSettings administration, @Nullable Path data, @Nullable EmbeddedPostgres embedded) {
        this.administration = administration;
        this.data = data;
        this.embedded = embedded;
    }

    static TestServer get() {
        return Holder.SERVER;
    }

    /** How to reach the server's maintenance database as a superuser. */
    ConnectorSettings administration() {
        return administration;
    }

    /** Stops the server, disconnecting everyone. Returns false where the server is not ours to stop. */
    synchronized boolean stop() {
        EmbeddedPostgres running = embedded;
        if (running == null) {
            return false;
        }
        try {
            running.close();
        } catch (IOException e) {
            throw new UncheckedIOException("The embedded PostgreSQL does not stop", e);
        }
        return true;
    }

    /** Starts the server after {@link #stop}, on the same port with the same databases. */
    synchronized void start() {
        if (data != null) {
            embedded = start(data, administration.port());
        }
    }

    private static TestServer create() {
        String url = System.getProperty(PROPERTY, System.getenv(VARIABLE));
        if (url != null && !url.isBlank()) {
            return new TestServer(ConnectorSettings.of(url), null, null);
        }
        try {
            Path data = Files.createTempDirectory("procrastinate-tck");
            EmbeddedPostgres embedded = start(data, 0);
            ConnectorSettings administration = ConnectorSettings.builder()
                    .host("127.0.0.1")
                    .port(embedded.getPort())
                    .user("postgres")
                    .database("postgres")
                    .sslMode("disable")
                    .build();
            TestServer server = new TestServer(administration, data, embedded);
            Runtime.getRuntime().addShutdownHook(new Thread(server::remove, "procrastinate-tck-shutdown"));
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException("There is no directory for an embedded PostgreSQL", e);
        }
    }

    private static EmbeddedPostgres start(Path data, int port) {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setDataDirectory(data)
                .setCleanDataDirectory(false)
                .setRegisterShutdownHook(false)
                .setPGStartupWait(STARTUP)
                .setServerConfig("max_connections", "300")
                .setServerConfig("max_prepared_transactions", "5");
        if (port != 0) {
            builder.setPort(port);
        }
        try {
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "The embedded PostgreSQL does not start. Set -D" + PROPERTY + "=postgresql://... to use another"
                            + " server",
                    e);
        }
    }

    private void remove() {
        stop();
        if (data == null) {
            return;
        }
        try (Stream<Path> tree = Files.walk(data)) {
            List<Path> deepestFirst = tree.sorted(Comparator.reverseOrder()).toList();
            for (Path path : deepestFirst) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The directory " + data + " of the embedded PostgreSQL is left behind", e);
        }
    }

    /** Starts the server when it is first asked for. */
    private static final class Holder {
        private static final TestServer SERVER = create();
    }
}

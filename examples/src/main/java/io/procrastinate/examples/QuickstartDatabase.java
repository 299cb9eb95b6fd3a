package io.procrastinate.examples;

import io.procrastinate.connector.ConnectorSettings;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The database that the quickstart works on: an embedded PostgreSQL of its own, or the reader's. */
final class QuickstartDatabase implements AutoCloseable {

    private static final Duration STARTUP = Duration.ofSeconds(60);

    private final ConnectorSettings settings;
    private final @Nullable EmbeddedPostgres embedded;

    private QuickstartDatabase(ConnectorSettings settings, @Nullable EmbeddedPostgres embedded) {
        this.settings = settings;
        this.embedded = embedded;
    }

    /** Starts an embedded server, which is empty, listens on loopback only, and is deleted when it is closed. */
    static QuickstartDatabase embedded() {
        try {
            EmbeddedPostgres server =
                    EmbeddedPostgres.builder().setPGStartupWait(STARTUP).start();
            ConnectorSettings settings = ConnectorSettings.builder()
                    .host("127.0.0.1")
                    .port(server.getPort())
                    .user("postgres")
                    .database("postgres")
                    .sslMode("disable")
                    .build();
            return new QuickstartDatabase(settings, server);
        } catch (IOException e) {
            throw new UncheckedIOException("The embedded PostgreSQL does not start. Use your own server with --url", e);
        }
    }

    /** Uses an existing server. */
    static QuickstartDatabase existing(ConnectorSettings settings) {
        return new QuickstartDatabase(settings, null);
    }

    ConnectorSettings settings() {
        return settings;
    }

    boolean isEmbedded() {
        return embedded != null;
    }

    /** Stops the embedded server; another one is left as it is. */
    @Override
    public void close() {
        if (embedded == null) {
            return;
        }
        try {
            embedded.close();
        } catch (IOException e) {
            throw new UncheckedIOException("The embedded PostgreSQL does not stop", e);
        }
    }
}

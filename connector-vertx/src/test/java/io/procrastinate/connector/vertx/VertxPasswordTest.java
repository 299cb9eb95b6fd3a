package io.procrastinate.connector.vertx;

import static io.procrastinate.connector.vertx.Database.await;
import static io.procrastinate.connector.vertx.Database.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.exception.ConnectorException;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A server of its own, which asks for passwords the way PostgreSQL does unless told otherwise. */
class VertxPasswordTest {

    private static EmbeddedPostgres server;

    @BeforeAll
    static void start() throws IOException {
        server = EmbeddedPostgres.builder().start();
        VertxConnector admin = Database.opened(settings("postgres").build());
        await(admin.runScript("SET password_encryption = 'scram-sha-256';"
                + " CREATE ROLE scram LOGIN PASSWORD 'pä ss'; SET password_encryption = 'md5';"
                + " CREATE ROLE digest LOGIN PASSWORD 'secret'"));
        Path rules = Path.of(execute(admin, "SELECT current_setting('hba_file') AS file")
                .get(0)
                .text("file"));
        Files.writeString(rules, """
            host all postgres all trust
            host all scram all scram-sha-256
            host all digest all md5
            """);
        execute(admin, "SELECT pg_reload_conf()");
        await(admin.closeAsync());
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    private static ConnectorSettings.Builder settings(String user) {
        return ConnectorSettings.builder()
                .host("127.0.0.1")
                .port(server.getPort())
                .database("postgres")
                .user(user);
    }

    @Test
    void knowsTheWaysOfAskingForAPassword() {
        assertLogsIn(settings("scram").password("pä ss"));
        assertLogsIn(settings("digest").password("secret"));
    }

    private static void assertLogsIn(ConnectorSettings.Builder settings) {
        VertxConnector connector = Database.opened(settings.build());
        assertThat(execute(connector, "SELECT 1 AS one")).hasSize(1);
        await(connector.closeAsync());
    }

    @Test
    void aWrongPasswordIsNotTransient() {
        assertRefused(settings("scram").password("wrong"));
        assertRefused(settings("digest").password("wrong"));
    }

    private static void assertRefused(ConnectorSettings.Builder settings) {
        VertxConnector connector = VertxConnector.create(settings.build());
        assertThatThrownBy(() -> await(connector.openAsync(null)))
                .isInstanceOfSatisfying(ConnectorException.class, e -> {
                    assertThat(e.sqlState()).isEqualTo("28P01");
                    assertThat(e.isTransient()).isFalse();
                    assertThat(e.getMessage()).doesNotContain("wrong");
                });
    }

    @Test
    void aMissingPasswordIsReported() {
        VertxConnector connector = VertxConnector.create(settings("scram").build());
        assertThatThrownBy(() -> await(connector.openAsync(null))).isInstanceOf(ConnectorException.class);
    }
}

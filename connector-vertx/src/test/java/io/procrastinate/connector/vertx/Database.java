package io.procrastinate.connector.vertx;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.Stages;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;

/** One PostgreSQL server for all tests of this module. */
final class Database {

    /** Far beyond what anything takes; reached only when something hangs. */
    static final Duration BOUND = Duration.ofSeconds(30);

    static final EmbeddedPostgres SERVER = start();

    private Database() {}

    private static EmbeddedPostgres start() {
        try {
            EmbeddedPostgres server = EmbeddedPostgres.builder().start();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server)));
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void stop(EmbeddedPostgres server) {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ConnectorSettings.Builder settings() {
        return ConnectorSettings.builder()
                .host("127.0.0.1")
                .port(SERVER.getPort())
                .database("postgres")
                .user("postgres")
                .poolSize(3);
    }

    static VertxConnector opened(ConnectorSettings settings) {
        VertxConnector connector = new VertxConnector(settings);
        await(connector.openAsync(null));
        return connector;
    }

    static <T> T await(CompletionStage<T> stage) {
        return Stages.join(stage, BOUND);
    }

    static BoundQuery query(String sql) {
        return Query.named("test").sql(sql).bind().build();
    }

    static BoundQuery query(String sql, Duration deadline) {
        return Query.named("test").sql(sql).bind().deadline(deadline).build();
    }

    static List<Row> execute(VertxConnector connector, String sql) {
        return await(connector.execute(query(sql)));
    }

    /** The threads of every Vertx in this process. */
    static Set<Thread> vertxThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("vert"))
                .collect(Collectors.toSet());
    }
}

package io.procrastinate.connector.vertx;

import static io.procrastinate.connector.vertx.Database.BOUND;
import static io.procrastinate.connector.vertx.Database.await;
import static io.procrastinate.connector.vertx.Database.execute;
import static io.procrastinate.connector.vertx.Database.query;
import static io.procrastinate.connector.vertx.Database.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procrastinate.connector.Row;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.tck.TcpProxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class VertxDeadlineTest {

    private static final Duration SHORT = Duration.ofMillis(300);

    private static VertxConnector observer;

    @BeforeAll
    static void open() {
        observer = Database.opened(settings().applicationName("observer").build());
    }

    @AfterAll
    static void close() {
        await(observer.closeAsync());
    }

    private static long running(String sql) {
        return execute(
                        observer,
                        "SELECT count(*) AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%" + sql
                                + "%' AND pid <> pg_backend_pid()")
                .get(0)
                .bigint("n");
    }

    private static void assertDeadline(CompletionStage<List<Row>> stage) {
        assertThatThrownBy(() -> await(stage)).isInstanceOfSatisfying(ConnectorException.class, e -> {
            assertThat(e.sqlState()).isEqualTo("57014");
            assertThat(e.isTransient()).isTrue();
        });
    }

    @Test
    void aStatementPastItsDeadlineIsStoppedOnTheServerToo() {
        VertxConnector connector = Database.opened(settings().poolSize(1).build());
        try {
            assertDeadline(connector.execute(query("SELECT pg_sleep(601)", SHORT)));
            assertThat(execute(connector, "SELECT 1 AS one")).hasSize(1);
            await().atMost(BOUND).until(() -> running("pg_sleep(601)") == 0);
        } finally {
            await(connector.closeAsync());
        }
    }

    @Test
    void withoutADeadlineOfItsOwnAStatementHasTheSettings() {
        VertxConnector connector =
                Database.opened(settings().statementTimeout(SHORT).build());
        try {
            assertDeadline(connector.execute(query("SELECT pg_sleep(600)")));
            assertThatThrownBy(() -> await(connector.runScript("SELECT pg_sleep(600)")))
                    .isInstanceOfSatisfying(
                            ConnectorException.class,
                            e -> assertThat(e.sqlState()).isEqualTo("57014"));
        } finally {
            await(connector.closeAsync());
        }
    }

    @Test
    void aFullPoolSaysSo() {
        VertxConnector connector =
                Database.opened(settings().poolSize(2).connectTimeout(SHORT).build());
        try {
            CompletableFuture<List<Row>> first =
                    connector.execute(query("SELECT pg_sleep(602)")).toCompletableFuture();
            CompletableFuture<List<Row>> second =
                    connector.execute(query("SELECT pg_sleep(602)")).toCompletableFuture();
            await().atMost(BOUND).until(() -> running("pg_sleep(602)") == 2);
            assertThatThrownBy(() -> await(connector.execute(query("SELECT 1"))))
                    .isInstanceOfSatisfying(ConnectorException.class, e -> {
                        assertThat(e.isTransient()).isTrue();
                        assertThat(e.sqlState()).isNull();
                    })
                    .hasMessageContaining("exhausted")
                    .hasMessageContaining("2 connections");
            execute(
                    observer,
                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(602)%'"
                            + " AND pid <> pg_backend_pid()");
            assertDeadline(first);
            assertDeadline(second);
            assertThat(execute(connector, "SELECT 1 AS one")).hasSize(1);
        } finally {
            await(connector.closeAsync());
        }
    }

    @Test
    void halfOpenConnectionsAreFoundOutAndReplaced() {
        try (TcpProxy proxy = TcpProxy.to(settings().build())) {
            VertxConnector connector = Database.opened(proxy.through(settings().build()).toBuilder()
                    .poolSize(3)
                    .connectTimeout(Duration.ofSeconds(2))
                    .build());
            try {
                CompletableFuture.allOf(
                                connector.execute(query("SELECT pg_sleep(0.2)")).toCompletableFuture(),
                                connector.execute(query("SELECT pg_sleep(0.2)")).toCompletableFuture(),
                                connector.execute(query("SELECT pg_sleep(0.2)")).toCompletableFuture())
                        .join();
                proxy.freezeEverything();
                assertDeadline(connector.execute(query("SELECT 1", SHORT)));
                assertThatThrownBy(() -> await(connector.execute(query("SELECT 1"))))
                        .isInstanceOfSatisfying(
                                ConnectorException.class,
                                e -> assertThat(e.isTransient()).isTrue());
                proxy.thaw();
                await().atMost(BOUND)
                        .ignoreExceptions()
                        .until(() -> execute(connector, "SELECT 1 AS one").size() == 1);
            } finally {
                await(connector.closeAsync());
            }
        }
    }

    @Test
    void closesInSpiteOfHalfOpenConnections() {
        try (TcpProxy proxy = TcpProxy.to(settings().build())) {
            VertxConnector connector = Database.opened(proxy.through(settings().build()));
            CompletableFuture<List<Row>> running =
                    connector.execute(query("SELECT pg_sleep(0.5)")).toCompletableFuture();
            proxy.freezeEverything();
            CompletableFuture<List<Row>> dialing =
                    connector.execute(query("SELECT 1")).toCompletableFuture();
            await(connector.closeAsync());
            assertThatThrownBy(() -> await(running)).isInstanceOf(ConnectorException.class);
            assertThat(dialing).isCompletedExceptionally();
        }
    }

    @Test
    void aTerminatedBackendIsReplaced() {
        VertxConnector connector = Database.opened(settings().poolSize(2).build());
        try {
            CompletableFuture<List<Row>> victim =
                    connector.execute(query("SELECT pg_sleep(603)")).toCompletableFuture();
            await().atMost(BOUND).until(() -> running("pg_sleep(603)") == 1);
            execute(
                    observer,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(603)%'"
                            + " AND pid <> pg_backend_pid()");
            assertThatThrownBy(() -> await(victim))
                    .isInstanceOfSatisfying(
                            ConnectorException.class,
                            e -> assertThat(e.isTransient()).isTrue());
            for (int round = 0; round < 5; round++) {
                assertThat(execute(connector, "SELECT 1 AS one")).hasSize(1);
            }
        } finally {
            await(connector.closeAsync());
        }
    }
}

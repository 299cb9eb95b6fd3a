package io.procrastinate.connector.vertx;

import static io.procrastinate.connector.vertx.Database.BOUND;
import static io.procrastinate.connector.vertx.Database.await;
import static io.procrastinate.connector.vertx.Database.execute;
import static io.procrastinate.connector.vertx.Database.query;
import static io.procrastinate.connector.vertx.Database.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.BlockingNotAllowedException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.tck.StartedThreads;
import io.procrastinate.tck.TcpProxy;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class VertxLifecycleTest {

    private static final NotificationListener IGNORING = new NotificationListener() {
        @Override
        public void onListening() {}

        @Override
        public void onNotification(Notification notification) {}

        @Override
        public void onLost(ConnectorException cause) {}
    };

    @RegisterExtension
    final StartedThreads threads = new StartedThreads();

    private final VertxConnector connector = VertxConnector.create(settings().build());

    @AfterEach
    void leavesNoThread() {
        await(connector.closeAsync());
        await().atMost(BOUND).untilAsserted(() -> assertThat(threads.alive()).isEmpty());
    }

    @Test
    void isTheBestConnectorFound() {
        assertThat(Connectors.names()).first().isEqualTo("vertx");
    }

    @Test
    void refusesEverythingUntilItIsOpen() {
        assertThat(connector.isOpen()).isFalse();
        assertRefused(connector.execute(query("SELECT 1")));
        assertRefused(connector.runScript("SELECT 1"));
        assertThatThrownBy(() -> connector.listen(List.of("a"), IGNORING)).isInstanceOf(AppNotOpenException.class);
    }

    private static void assertRefused(CompletionStage<?> stage) {
        assertThatThrownBy(() -> await(stage))
                .isInstanceOf(AppNotOpenException.class)
                .hasMessageContaining("app.openAsync()")
                .hasMessageContaining("app.runWorker()");
    }

    @Test
    void opensAndClosesAgainAndAgain() {
        for (int round = 0; round < 3; round++) {
            await(connector.openAsync(null));
            await(connector.openAsync(null));
            assertThat(connector.isOpen()).isTrue();
            assertThat(execute(connector, "SELECT 1 AS one").get(0).integer("one"))
                    .isEqualTo(1);
            await(connector.closeAsync());
            await(connector.closeAsync());
            assertThat(connector.isOpen()).isFalse();
            assertRefused(connector.execute(query("SELECT 1")));
        }
    }

    @Test
    void opensOnceForAllWhoAskAtTheSameTime() {
        CompletionStage<?> first = connector.openAsync(null);
        CompletionStage<?> second = connector.openAsync(null);
        await(first);
        await(second);
        assertThat(connector.isOpen()).isTrue();
    }

    @Test
    void closingWhileItOpensLeavesNothing() {
        connector.openAsync(null).toCompletableFuture().isDone();
        await(connector.closeAsync());
        assertThat(connector.isOpen()).isFalse();
    }

    @Test
    void threadsAreDaemons() {
        await(connector.openAsync(null));
        assertThat(threads.threads())
                .filteredOn(thread -> thread.getName().startsWith("vert"))
                .isNotEmpty()
                .allMatch(Thread::isDaemon);
    }

    @Test
    void namesTheAddressWhereNobodyListens() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        VertxConnector unreachable = VertxConnector.create(settings().port(free).build());
        assertThatThrownBy(() -> await(unreachable.openAsync(null)))
                .isInstanceOfSatisfying(
                        ConnectorException.class,
                        e -> assertThat(e.isTransient()).isTrue())
                .hasMessageContaining("127.0.0.1:" + free);
        assertThat(unreachable.isOpen()).isFalse();
    }

    @Test
    void namesTheAddressThatDoesNotAnswer() {
        try (TcpProxy proxy = TcpProxy.to(settings().build())) {
            proxy.freezeEverything();
            VertxConnector silent =
                    VertxConnector.create(proxy.through(settings().build()).toBuilder()
                            .connectTimeout(Duration.ofMillis(300))
                            .build());
            assertThatThrownBy(() -> await(silent.openAsync(null)))
                    .isInstanceOfSatisfying(
                            ConnectorException.class,
                            e -> assertThat(e.isTransient()).isTrue())
                    .hasMessageContaining(proxy.through(settings().build()).target())
                    .hasMessageContaining("PT0.3S");
        }
    }

    @Test
    void doesNotFallBackToPlainTextWhereEncryptionIsRequired() {
        for (String mode : List.of("require", "verify-full")) {
            VertxConnector encrypted =
                    VertxConnector.create(settings().sslMode(mode).build());
            assertThatThrownBy(() -> await(encrypted.openAsync(null)))
                    .as(mode)
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("SSL");
        }
        for (String mode : List.of("disable", "allow", "prefer")) {
            VertxConnector plain = Database.opened(settings().sslMode(mode).build());
            assertThat(execute(plain, "SELECT 1 AS one")).hasSize(1);
            await(plain.closeAsync());
        }
    }

    @Test
    void aFallBackToPlainTextLeavesNoConnectionBehind() {
        await(connector.openAsync(null));
        VertxConnector preferring = Database.opened(settings().sslMode("prefer").build());
        try {
            await().atMost(BOUND).until(() -> othersConnections() == 1);
        } finally {
            await(preferring.closeAsync());
        }
    }

    /** Counts connections of others: statements go on sleeping after their client closed. */
    private long othersConnections() {
        return execute(
                        connector,
                        "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND"
                                + " application_name = current_setting('application_name') AND query NOT LIKE '%pg_sleep%'"
                                + " AND pid <> pg_backend_pid()")
                .get(0)
                .bigint("n");
    }

    @Test
    void refusesBlockingCallsOnEventLoopsOfAnyVertx() {
        await(connector.openAsync(null));
        SyncConnector blocking = connector.sync();
        assertThat(connector.isOnNonBlockingThread()).isFalse();
        Vertx applications = Vertx.vertx();
        try {
            CompletableFuture<Throwable> onLoop = new CompletableFuture<>();
            applications.runOnContext(nothing -> {
                try {
                    blocking.execute(query("SELECT 1"));
                    onLoop.complete(new AssertionError("not refused"));
                } catch (RuntimeException e) {
                    onLoop.complete(e);
                }
            });
            assertThat(await(onLoop)).isInstanceOf(BlockingNotAllowedException.class);
            CompletionStage<Throwable> onOurLoop = connector
                    .execute(query("SELECT pg_sleep(0.05)"))
                    .handle((rows, failure) -> {
                        try {
                            blocking.execute(query("SELECT 1"));
                            return new AssertionError("not refused");
                        } catch (RuntimeException e) {
                            return e;
                        }
                    });
            assertThat(await(onOurLoop)).isInstanceOf(BlockingNotAllowedException.class);
            CompletionStage<List<Row>> onWorker = applications
                    .executeBlocking(() -> blocking.execute(query("SELECT 1 AS one")))
                    .toCompletionStage();
            assertThat(await(onWorker)).hasSize(1);
        } finally {
            await(applications.close().toCompletionStage());
        }
    }

    @Test
    void asynchronousCallsFromAnEventLoopOfTheApplicationWork() {
        Vertx applications = Vertx.vertx();
        try {
            CompletableFuture<List<Row>> answer = new CompletableFuture<>();
            applications.runOnContext(nothing -> connector
                    .openAsync(null)
                    .thenCompose(opened -> connector.execute(query("SELECT 1 AS one")))
                    .whenComplete((rows, failure) -> {
                        if (failure == null) {
                            answer.complete(rows);
                        } else {
                            answer.completeExceptionally(failure);
                        }
                    }));
            assertThat(await(answer)).hasSize(1);
        } finally {
            await(applications.close().toCompletionStage());
        }
    }

    @Test
    void theBlockingViewBeforeOpeningIsClosedWhenItOpens() {
        SyncConnector before = connector.sync();
        before.open(null);
        assertThat(before.execute(query("SELECT 1 AS one"))).hasSize(1);
        await(connector.openAsync(null));
        assertThat(before.isOpen()).isFalse();
        assertThat(connector.sync().execute(query("SELECT 1 AS one"))).hasSize(1);
    }

    @Test
    void statementsUnderWayFailWhenItCloses() {
        await(connector.openAsync(null));
        List<CompletableFuture<List<Row>>> running = List.of("1", "2", "3", "4", "5").stream()
                .map(n -> connector.execute(query("SELECT pg_sleep(600)")).toCompletableFuture())
                .toList();
        await(connector.closeAsync());
        for (CompletableFuture<List<Row>> one : running) {
            assertThatThrownBy(() -> await(one)).isInstanceOfAny(ConnectorException.class, AppNotOpenException.class);
        }
    }
}

package io.procrastinate.connector.pgjdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.procrastinate.adapter.ThreadedConnector;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Subscription;
import io.procrastinate.connector.jdbc.JdbcConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.tck.TcpProxy;
import io.procrastinate.tck.TestDatabase;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class PgjdbcNotificationsTest {

    private static final Duration LONG = Duration.ofSeconds(30);

    private static final Query NOTIFY = Query.named("notify")
            .parameter("channel", ParameterType.TEXT)
            .parameter("payload", ParameterType.TEXT)
            .sql("SELECT pg_notify(:channel, :payload)::text AS done");

    private final TestDatabase database = TestDatabase.create();
    private final ConnectorSettings.Builder settings = database.settings().toBuilder();

    private JdbcConnector connector = PgjdbcConnector.create(settings.build());

    @AfterEach
    void close() {
        connector.close();
        database.close();
    }

    @Test
    void listensOnChannelsOfAnyName() {
        List<String> channels = List.of("plain", "Upper#ä", "quo\"te", "semi; colon", "{brace}", "que?stion");
        connector.open(null);
        try (ListenSession session = connector.listen(channels)) {
            channels.forEach(channel -> send(channel, "for " + channel));

            List<Notification> arrived = new ArrayList<>();
            while (arrived.size() < channels.size()) {
                arrived.addAll(session.await(LONG));
            }
            assertThat(arrived)
                    .containsExactlyElementsOf(channels.stream()
                            .map(channel -> new Notification(channel, "for " + channel))
                            .toList());
            assertThat(session.await(Duration.ofMillis(1))).isEmpty();
        }
    }

    @Test
    void keepsWhatArrivesWithAPing() {
        connector.open(null);
        try (ListenSession session = connector.listen(List.of("ping"))) {
            send("ping", "");
            session.ping(LONG);

            assertThat(session.await(LONG)).containsExactly(new Notification("ping", ""));
        }
    }

    @Test
    void endsAWaitWhenClosedByAnotherThread() {
        connector.open(null);
        ListenSession session = connector.listen(List.of("closed"));
        CompletableFuture<Throwable> end = waitingFor(session);

        session.close();
        session.close();

        assertThat(end.join()).isInstanceOf(ConnectorException.class).hasMessageContaining("closed");
        assertThatThrownBy(() -> session.ping(LONG)).isInstanceOf(ConnectorException.class);
    }

    @Test
    void endsWithItsConnector() {
        connector.open(null);
        CompletableFuture<Throwable> end = waitingFor(connector.listen(List.of("closed")));

        connector.close();

        assertThat(end.join()).isInstanceOf(ConnectorException.class);
        assertThatThrownBy(() -> connector.listen(List.of("closed"))).isInstanceOf(AppNotOpenException.class);
    }

    @Test
    void findsOutAHalfOpenConnectionAndClosesAtOnce() {
        try (TcpProxy proxy = TcpProxy.to(settings.build())) {
            connector = PgjdbcConnector.create(proxy.through(settings.build()));
            connector.open(null);
            ListenSession session = connector.listen(List.of("half-open"));
            proxy.freezeEverything();

            assertThat(session.await(Duration.ofMillis(10))).isEmpty();
            assertThatThrownBy(() -> session.ping(Duration.ofMillis(200)))
                    .isInstanceOfSatisfying(
                            ConnectorException.class,
                            e -> assertThat(e.isTransient()).isTrue());
            session.close();
        }
    }

    @Test
    void listensWhereTheListenUrlLeads() {
        try (TcpProxy proxy = TcpProxy.to(settings.build())) {
            connector = PgjdbcConnector.create(settings.listenUrl(
                            "postgresql://" + proxy.through(settings.build()).target())
                    .build());
            connector.open(null);
            try (ListenSession session = connector.listen(List.of("elsewhere"))) {
                proxy.freezeEverything();
                assertThat(connector.execute(NOTIFY.bind()
                                .set("channel", "elsewhere")
                                .set("payload", "lost")
                                .build()))
                        .hasSize(1);
                assertThat(session.await(Duration.ofMillis(100))).isEmpty();
            }
        }
    }

    @Test
    void borrowsFromTheApplicationsPoolAndGivesTheConnectionBack() {
        HikariConfig config = new HikariConfig();
        config.setDataSource(database.dataSource());
        config.setMaximumPoolSize(2);
        config.setAutoCommit(false);
        try (HikariDataSource pool = new HikariDataSource(config)) {
            connector.open(pool);
            for (int round = 0; round < 5; round++) {
                try (ListenSession session = connector.listen(List.of("borrowed"))) {
                    send("borrowed", "round " + round);
                    assertThat(session.await(LONG)).containsExactly(new Notification("borrowed", "round " + round));
                }
            }
            await().until(() -> pool.getHikariPoolMXBean().getActiveConnections() == 0);
            connector.close();
            assertThat(pool.isClosed()).isFalse();
        }
    }

    @Test
    void givesBorrowedConnectionsBackWithoutTroublingThePool() {
        Logger logger = (Logger) LoggerFactory.getLogger("com.zaxxer.hikari");
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        HikariConfig config = new HikariConfig();
        config.setPoolName("quiet-" + database.name());
        config.setDataSource(database.dataSource());
        config.setMaximumPoolSize(2);
        config.setAutoCommit(false);
        try (HikariDataSource pool = new HikariDataSource(config)) {
            AsyncConnector async = ThreadedConnector.over(connector);
            Stages.join(async.openAsync(pool));
            List<Long> before = backends();
            CountDownLatch listening = new CountDownLatch(1);
            Subscription subscription = async.listen(List.of("borrowed"), new Listening(listening));
            await().until(() -> listening.getCount() == 0);

            subscription.close();
            Stages.join(async.closeAsync());

            assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
            connector.open(pool);
            assertThat(backends()).containsAll(before);
            assertThat(count("SELECT count(*) AS n FROM pg_listening_channels()"))
                    .isZero();
        } finally {
            logger.detachAppender(log);
        }
        assertThat(log.list)
                .filteredOn(event -> event.getFormattedMessage().contains(config.getPoolName()))
                .filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                .extracting(ILoggingEvent::getFormattedMessage)
                .isEmpty();
    }

    private List<Long> backends() {
        return database
                .texts(
                        "SELECT pid FROM pg_stat_activity WHERE application_name = ? AND datname = current_database()",
                        database.settings().applicationName())
                .stream()
                .map(Long::valueOf)
                .toList();
    }

    private long count(String sql) {
        return connector
                .execute(Query.named("count").sql(sql).bind().build())
                .get(0)
                .bigint("n");
    }

    /** Counts down when the connection listens. */
    private record Listening(CountDownLatch latch) implements NotificationListener {

        @Override
        public void onListening() {
            latch.countDown();
        }

        @Override
        public void onNotification(Notification notification) {
            // Nothing is sent.
        }

        @Override
        public void onLost(ConnectorException cause) {
            throw new IllegalStateException("The connection must not be lost", cause);
        }
    }

    @Test
    void refusesToListenOnConnectionsOfAnotherDriver() {
        DataSource opaque = (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> opaque(database.connect()));
        connector.open(opaque);

        assertThatThrownBy(() -> connector.listen(List.of("a")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("org.postgresql.PGConnection");
    }

    private static Connection opaque(Connection connection) {
        return (Connection) Proxy.newProxyInstance(
                PgjdbcNotificationsTest.class.getClassLoader(),
                new Class<?>[] {Connection.class},
                (proxy, method, arguments) ->
                        method.getName().equals("isWrapperFor") ? false : method.invoke(connection, arguments));
    }

    private static CompletableFuture<Throwable> waitingFor(ListenSession session) {
        CompletableFuture<Throwable> end = new CompletableFuture<>();
        Thread waiter = new Thread(() -> {
            try {
                end.completeExceptionally(new AssertionError("Returned " + session.await(Duration.ofMinutes(10))));
            } catch (RuntimeException e) {
                end.complete(e);
            }
        });
        waiter.setDaemon(true);
        waiter.start();
        await().until(() -> waiter.getState() == Thread.State.RUNNABLE);
        return end;
    }

    private void send(String channel, String payload) {
        connector.execute(
                NOTIFY.bind().set("channel", channel).set("payload", payload).build());
    }
}

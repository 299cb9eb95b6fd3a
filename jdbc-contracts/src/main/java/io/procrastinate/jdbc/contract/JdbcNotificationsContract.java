package io.procrastinate.jdbc.contract;

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
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.tck.TcpProxy;
import io.procrastinate.tck.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * How a connector for a JDBC driver of PostgreSQL listens: on connections of its own, and on those of an application's
 * pool.
 */
public abstract class JdbcNotificationsContract {

    private static final Duration LONG = Duration.ofSeconds(30);

    private static final Query NOTIFY = Query.named("notify")
            .parameter("channel", ParameterType.TEXT)
            .parameter("payload", ParameterType.TEXT)
            .sql("SELECT pg_notify(:channel, :payload)::text AS done");

    private final TestDatabase database = TestDatabase.create();
    private final ConnectorSettings.Builder settings = database.settings().toBuilder();

    private final Function<ConnectorSettings, SyncConnector> make;
    private final String unwrapsTo;
    private SyncConnector connector;

    /**
     * @param make makes a closed connector
     * @param unwrapsTo the driver's interface that connections have to be, or to unwrap to
     */
    protected JdbcNotificationsContract(Function<ConnectorSettings, SyncConnector> make, String unwrapsTo) {
        this.make = make;
        this.unwrapsTo = unwrapsTo;
        this.connector = make.apply(settings.build());
    }

    /** The data source of an application that uses the driver directly. */
    protected abstract DataSource dataSource(TestDatabase where);

    /** A data source with connections that are not the driver's, or do not unwrap. */
    protected abstract DataSource foreignDataSource(TestDatabase where);

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
            connector = make.apply(proxy.through(settings.build()));
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
            connector = make.apply(settings.listenUrl(
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
        try (HikariDataSource pool = new HikariDataSource(applicationPool())) {
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
        HikariConfig config = applicationPool();
        try (HikariDataSource pool = new HikariDataSource(config)) {
            AsyncConnector async = ThreadedConnector.over(connector);
            Stages.join(async.openAsync(pool));
            List<String> before = backends();
            CountDownLatch listening = new CountDownLatch(1);
            Subscription subscription = async.listen(List.of("borrowed"), new LatchListener(listening));
            await().until(() -> listening.getCount() == 0);

            subscription.close();
            Stages.join(async.closeAsync());

            assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
            connector.open(pool);
            assertThat(backends()).containsAll(before);
            assertThat(channels()).isZero();
        } finally {
            logger.detachAppender(log);
        }
        // The log also contains what other tests do meanwhile.
        assertThat(List.copyOf(log.list))
                .filteredOn(event -> event.getFormattedMessage().contains(config.getPoolName()))
                .filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                .extracting(ILoggingEvent::getFormattedMessage)
                .isEmpty();
    }

    @Test
    void refusesToListenOnConnectionsOfAnotherDriver() {
        connector.open(foreignDataSource(database));

        assertThatThrownBy(() -> connector.listen(List.of("a")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(unwrapsTo);
    }

    private HikariConfig applicationPool() {
        HikariConfig config = new HikariConfig();
        config.setPoolName("application-" + database.name());
        config.setDataSource(dataSource(database));
        config.setMaximumPoolSize(2);
        config.setAutoCommit(false);
        return config;
    }

    private List<String> backends() {
        return database
                .texts(
                        "SELECT pid FROM pg_stat_activity WHERE application_name = ? AND datname = current_database()",
                        database.settings().applicationName())
                .stream()
                .flatMap(Stream::ofNullable)
                .toList();
    }

    private long channels() {
        return connector
                .execute(Query.named("count")
                        .sql("SELECT count(*) AS n FROM pg_listening_channels()")
                        .bind()
                        .build())
                .get(0)
                .bigint("n");
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
        // One driver waits in a system call, another one for a signal.
        await().until(() -> inside(waiter, session));
        return end;
    }

    private static boolean inside(Thread waiter, ListenSession session) {
        return Stream.of(waiter.getStackTrace())
                .anyMatch(
                        frame -> frame.getClassName().equals(session.getClass().getName()));
    }

    private void send(String channel, String payload) {
        connector.execute(
                NOTIFY.bind().set("channel", channel).set("payload", payload).build());
    }

    /** Counts down when the connection listens. */
    private record LatchListener(CountDownLatch latch) implements NotificationListener {

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
}

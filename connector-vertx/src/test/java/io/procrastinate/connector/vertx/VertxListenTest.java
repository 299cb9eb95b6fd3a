package io.procrastinate.connector.vertx;

import static io.procrastinate.connector.vertx.Database.BOUND;
import static io.procrastinate.connector.vertx.Database.await;
import static io.procrastinate.connector.vertx.Database.execute;
import static io.procrastinate.connector.vertx.Database.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Subscription;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.tck.TcpProxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class VertxListenTest {

    private final RecordingListener listener = new RecordingListener();
    private VertxConnector connector;

    @BeforeEach
    void open() {
        connector = Database.opened(settings().build());
    }

    @AfterEach
    void close() {
        await(connector.closeAsync());
    }

    private void notifyChannel(String channel, String payload) {
        execute(connector, "SELECT pg_notify('" + channel.replace("'", "''") + "', '" + payload + "')");
    }

    private static long listeners(VertxConnector observer, String application) {
        return execute(
                        observer,
                        "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = '" + application + "'")
                .get(0)
                .bigint("n");
    }

    @Test
    void hearsWhatIsSentOnChannelsOfAnyName() {
        List<String> channels = List.of("plain", "Odd \"channel'; $1", "日本");
        connector.listen(channels, listener);
        await().atMost(BOUND).until(() -> listener.listening.get() == 1);
        for (String channel : channels) {
            notifyChannel(channel, "for " + channel.length());
        }
        notifyChannel("plain", "");
        await().atMost(BOUND).until(() -> listener.received.size() == 4);
        assertThat(listener.received)
                .containsExactly(
                        new Notification("plain", "for 5"),
                        new Notification("Odd \"channel'; $1", "for 17"),
                        new Notification("日本", "for 2"),
                        new Notification("plain", ""));
    }

    @Test
    void listensAgainAfterItsBackendWasTerminated() {
        VertxConnector listening =
                Database.opened(settings().applicationName("terminated").build());
        try {
            listening.listen(List.of("again"), listener);
            await().atMost(BOUND).until(() -> listener.listening.get() == 1);
            execute(
                    connector,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'terminated'");
            await().atMost(BOUND).until(() -> listener.listening.get() == 2);
            assertThat(listener.lost).hasSize(1).allMatch(ConnectorException::isTransient);
            notifyChannel("again", "still here");
            await().atMost(BOUND).until(() -> listener.received.size() == 1);
        } finally {
            await(listening.closeAsync());
        }
    }

    @Test
    void findsOutThatTheConnectionIsHalfOpen() {
        try (TcpProxy proxy = TcpProxy.to(settings().build())) {
            VertxConnector listening = Database.opened(proxy.through(settings().build()));
            try {
                listening.listen(List.of("frozen"), listener);
                await().atMost(BOUND).until(() -> listener.listening.get() == 1);
                proxy.freezeEverything();
                await().atMost(BOUND).until(() -> !listener.lost.isEmpty());
                proxy.thaw();
                await().atMost(BOUND).until(() -> listener.listening.get() == 2);
                notifyChannel("frozen", "thawed");
                await().atMost(BOUND).until(() -> listener.received.size() == 1);
            } finally {
                await(listening.closeAsync());
            }
        }
    }

    @Test
    void listensWhereTheListenUrlLeads() {
        VertxConnector apart = Database.opened(settings()
                .applicationName("queries")
                .listenUrl("postgresql://" + settings().build().target() + "?application_name=listening&user=postgres")
                .build());
        try {
            apart.listen(List.of("apart"), listener);
            await().atMost(BOUND).until(() -> listener.listening.get() == 1);
            assertThat(listeners(connector, "listening")).isEqualTo(1);
        } finally {
            await(apart.closeAsync());
        }
    }

    @Test
    void closingEndsTheConnectionAndTheCalls() {
        VertxConnector listening = Database.opened(
                settings().applicationName("closing").poolSize(1).build());
        try {
            Subscription subscription = listening.listen(List.of("closing"), listener);
            await().atMost(BOUND).until(() -> listener.listening.get() == 1);
            subscription.close();
            subscription.close();
            await().atMost(BOUND).until(() -> listeners(connector, "closing") == 1);
            notifyChannel("closing", "unheard");
            assertThat(listener.received).isEmpty();
            assertThat(listener.lost).isEmpty();
            listening.listen(List.of("closing"), listener);
            await().atMost(BOUND).until(() -> listener.listening.get() == 2);
        } finally {
            await(listening.closeAsync());
        }
        await().atMost(BOUND).until(() -> listeners(connector, "closing") == 0);
        assertThat(listener.lost).isEmpty();
    }

    @Test
    void aListenerThatThrowsGoesOnReceiving() {
        listener.throwing = true;
        connector.listen(List.of("throwing"), listener);
        await().atMost(BOUND).until(() -> listener.listening.get() == 1);
        notifyChannel("throwing", "1");
        notifyChannel("throwing", "2");
        await().atMost(BOUND).until(() -> listener.received.size() == 2);
    }

    private static final class RecordingListener implements NotificationListener {

        private final AtomicInteger listening = new AtomicInteger();
        private final List<Notification> received = new CopyOnWriteArrayList<>();
        private final List<ConnectorException> lost = new CopyOnWriteArrayList<>();
        private volatile boolean throwing;

        @Override
        public void onListening() {
            listening.incrementAndGet();
        }

        @Override
        public void onNotification(Notification notification) {
            received.add(notification);
            if (throwing) {
                throw new IllegalStateException("thrown on purpose");
            }
        }

        @Override
        public void onLost(ConnectorException cause) {
            lost.add(cause);
        }
    }
}

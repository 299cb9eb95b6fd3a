package io.procrastinate.tck;

import static io.procrastinate.tck.Sql.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Subscription;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Notifications arrive, once, in order, as long as the subscription is open. */
@Needs({Capability.LISTEN, Capability.SQL})
abstract class NotificationContract extends Contract {

    private static final String LISTENS =
            "Listens on channels until the subscription is closed, on a connection that queries do not use.";

    NotificationContract(ConnectorTck tck) {
        super(tck, Calls.STAGES);
    }

    private Subscription listen(Subject subject, NotificationListener listener, String... channels) {
        return keep(((AsyncConnector) subject.called()).listen(List.of(channels), listener));
    }

    private RecordingListener listening(Subject subject, String... channels) {
        RecordingListener listener = new RecordingListener();
        listen(subject, listener, channels);
        listener.awaitListening(1);
        return listener;
    }

    private void send(String channel, String payload) {
        database().run("SELECT pg_notify(?, ?)", channel, payload);
    }

    @Test
    @Promise(
            of = {NotificationListener.class, Notification.class, AsyncConnector.class},
            says = {
                "The connection is listening now, for the first time or again.",
                "A message that the database sent to its listeners.",
                "the text, empty if the sender gave none",
                "It does everything: defers, administers, listens, and runs workers."
            },
            lookAt = "when onListening is called: after LISTEN has been answered, before the first notification")
    void tellsThatItListensThenDelivers() {
        RecordingListener listener = listening(opened(), "channel");
        send("channel", "first");
        database().run("NOTIFY channel");
        send("channel", "Grüße 😀 'quoted' \\ \"x\"");
        send("channel", "x".repeat(7999));
        Patience.await("four notifications")
                .until(() -> listener.notifications().size() >= 4);
        assertThat(listener.events().get(0)).isEqualTo(RecordingListener.LISTENING);
        assertThat(listener.notifications())
                .containsExactly(
                        new Notification("channel", "first"),
                        new Notification("channel", ""),
                        new Notification("channel", "Grüße 😀 'quoted' \\ \"x\""),
                        new Notification("channel", "x".repeat(7999)));
        assertThat(listener.times(RecordingListener.LISTENING)).isOne();
    }

    @Test
    @Promise(
            of = {AsyncConnector.class, Notification.class},
            says = {"at least one; any text is a valid channel name", "the channel's name"},
            lookAt = "the quoting of the channel in LISTEN: it is an identifier whose letter case counts")
    void listensOnChannelsOfAnyName() {
        String[] channels = {
            "procrastinate_queue_v1#mail",
            "Upper Case",
            "quo\"te's",
            "se;mi -- colon",
            "你好 😀",
            "x".repeat(63),
            "select"
        };
        RecordingListener listener = listening(opened(), channels);
        for (String channel : channels) {
            send(channel, "to " + channel);
        }
        send("upper case", "to another channel");
        send("Upper Case", "last");
        listener.awaitPayload("last");
        List<Notification> expected = new ArrayList<>();
        for (String channel : channels) {
            expected.add(new Notification(channel, "to " + channel));
        }
        expected.add(new Notification("Upper Case", "last"));
        assertThat(listener.notifications()).containsExactlyElementsOf(expected);
    }

    @Test
    @Promise(
            of = {NotificationListener.class, AsyncConnector.class},
            says = {
                "A notification arrived.",
                LISTENS,
                "Its methods are called one at a time, never concurrently; they must return quickly, never block and"
                        + " never throw."
            },
            lookAt = "the draining of the connection: every notification that was read must be delivered, in order")
    void deliversTenThousandInOrder() {
        RecordingListener listener = listening(opened(), "channel");
        int many = 10_000;
        database().run("SELECT pg_notify('channel', n::text) FROM generate_series(1, " + many + ") n");
        listener.awaitPayload(Integer.toString(many));
        assertThat(listener.payloads())
                .isEqualTo(IntStream.rangeClosed(1, many)
                        .mapToObj(Integer::toString)
                        .toList());
        listener.assertNeverOverlapped();
    }

    @Test
    @Promise(
            of = Notification.class,
            says = "A message that the database sent to its listeners.",
            lookAt = "the source of notifications: the server, which sends them at commit")
    void deliversNothingOfARolledBackTransaction() throws SQLException {
        RecordingListener listener = listening(opened(), "channel");
        try (Connection other = database().connect();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("NOTIFY channel, 'rolled back'");
            other.rollback();
            statement.execute("NOTIFY channel, 'committed'");
            other.commit();
        }
        listener.awaitPayload("committed");
        assertThat(listener.payloads()).containsExactly("committed");
    }

    @Test
    @Promise(
            of = {AsyncConnector.class, SyncConnector.class},
            says = {LISTENS, "It belongs to the session alone: queries do not use it."},
            lookAt = "a connection of the pool that is kept for listening")
    void usesNoConnectionOfThePool() {
        // With an application's pool, the session takes one of its connections.
        int size = capabilities().contains(Capability.OWN_POOL) ? 1 : 2;
        Subject subject = opened(settings().toBuilder().poolSize(size).build());
        RecordingListener listener = listening(subject, "channel");
        for (int time = 0; time < 5; time++) {
            assertThat(subject.execute(sql("SELECT pg_notify('channel', 'sent " + time + "')::text AS sent")))
                    .hasSize(1);
        }
        listener.awaitPayload("sent 4");
        assertThat(listener.payloads()).containsExactly("sent 0", "sent 1", "sent 2", "sent 3", "sent 4");
    }

    @Test
    @Promise(
            of = ConnectorSettings.class,
            says = "A separate URL for the connection that listens, needed behind such a pooler, or null for the"
                    + " same server",
            lookAt = "the settings with which the listening connection is made: forListening()")
    void listensAtTheUrlForListening() {
        ConnectorSettings settings = settings();
        Subject subject = opened(settings.toBuilder()
                .listenUrl("postgresql://" + settings.host() + ":" + settings.port() + "/" + settings.database()
                        + "?application_name=the-listener")
                .build());
        RecordingListener listener = listening(subject, "channel");
        assertThat(database().connections("the-listener"))
                .as("connections made by the URL for listening")
                .isOne();
        send("channel", "arrives");
        listener.awaitPayload("arrives");
    }

    @Test
    @Promise(
            of = Subscription.class,
            says = {
                "Stops listening and releases the connection.",
                "Closing twice does nothing.",
                "It does not block, and never throws."
            },
            lookAt = "close of the subscription: its connection ends, and nothing is delivered any more")
    void stopsWhenTheSubscriptionIsClosed() {
        Subject subject = opened(
                settings().toBuilder().listenUrl(urlNamed("the-listener")).build());
        RecordingListener listener = new RecordingListener();
        Subscription subscription = listen(subject, listener, "channel");
        listener.awaitListening(1);
        subscription.close();
        subscription.close();
        Patience.untilAsserted(
                "the listening connection to end",
                () -> assertThat(database().connections("the-listener")).isZero());
        send("channel", "too late");
        RecordingListener other = listening(subject, "channel");
        send("channel", "for another subscription");
        other.awaitPayload("for another subscription");
        assertThat(listener.events())
                .as("what a closed subscription received")
                .containsExactly(RecordingListener.LISTENING);
        assertThat(subject.isOpen()).isTrue();
    }

    private String urlNamed(String application) {
        ConnectorSettings settings = settings();
        return "postgresql://" + settings.host() + ":" + settings.port() + "/" + settings.database()
                + "?application_name=" + application;
    }

    @Test
    @Needs(Capability.CALLER_POOL)
    @Promise(
            of = Capability.class,
            says = "A connection that was borrowed to listen is returned when listening ends, and no longer listens"
                    + " then.",
            lookAt = "closing a subscription on the application's pool: UNLISTEN * before the connection is given back")
    void givesBackWhatItBorrowedToListen() {
        ConnectorSettings two = settings().toBuilder().poolSize(2).build();
        Subject subject = closed(two);
        subject.open(applicationPool(two));
        for (int time = 1; time <= 5; time++) {
            RecordingListener listener = new RecordingListener();
            Subscription subscription = listen(subject, listener, "channel");
            listener.awaitListening(1);
            send("channel", "arrives");
            listener.awaitPayload("arrives");
            subscription.close();
        }
        Patience.untilAsserted(
                "both connections to be free and not listening",
                () -> assertThat(Stream.generate(() -> CompletableFuture.supplyAsync(
                                        () -> subject.row(sql("SELECT count(*) AS n, pg_sleep(0.05)::text FROM"
                                                        + " pg_listening_channels()"))
                                                .bigint("n")))
                                .limit(2)
                                .toList())
                        .allSatisfy(channels -> assertThat(channels.join()).isZero()));
    }

    @Test
    @Promise(
            of = AsyncConnector.class,
            says = "Closes what the connector opened itself, as SyncConnector.close, and every subscription.",
            lookAt = "closeAsync: the subscriptions that are still open, and their threads")
    void stopsWhenTheConnectorIsClosed() throws Exception {
        Subject subject = opened();
        RecordingListener listener = listening(subject, "channel");
        subject.close();
        awaitNoConnections();
        send("channel", "too late");
        subject.open(poolFor(settings()));
        RecordingListener other = listening(subject, "channel");
        send("channel", "for another subscription");
        other.awaitPayload("for another subscription");
        assertThat(listener.events())
                .as("what a closed subscription received")
                .containsExactly(RecordingListener.LISTENING);
    }

    @Test
    @Promise(
            of = NotificationListener.class,
            says = {
                "they must return quickly, never block and never throw.",
                "If one of them throws nevertheless, the connector continues to deliver and to reconnect."
            },
            lookAt = "an exception or error of a listener, onLost included: whatever follows a call of the listener,"
                    + " such as the next ping or attempt to connect, must follow then too")
    void survivesAListenerThatThrows() {
        RecordingListener listener = new RecordingListener() {
            @Override
            public void onListening() {
                super.onListening();
                throw new IllegalStateException("thrown by the test's listener: onListening");
            }

            @Override
            public void onNotification(Notification notification) {
                super.onNotification(notification);
                throw new IllegalStateException("thrown by the test's listener: onNotification");
            }

            @Override
            public void onLost(ConnectorException cause) {
                super.onLost(cause);
                throw new NoClassDefFoundError("thrown by the test's listener: onLost");
            }
        };
        listen(opened(), listener, "channel");
        listener.awaitListening(1);
        send("channel", "one");
        send("channel", "two");
        listener.awaitPayload("two");
        assertThat(listener.events()).containsExactly(RecordingListener.LISTENING, "one", "two");
        database().terminate(TestDatabase.UNDER_TEST);
        listener.awaitListening(2);
        send("channel", "three");
        listener.awaitPayload("three");
    }

    @Test
    @Promise(
            of = AsyncConnector.class,
            says = LISTENS,
            lookAt = "subscriptions that share state: each has its own channels and its own listener")
    void keepsSubscriptionsApart() {
        Subject subject = opened();
        RecordingListener one = listening(subject, "one", "both");
        RecordingListener two = listening(subject, "two", "both");
        send("one", "1");
        send("two", "2");
        send("both", "12");
        one.awaitPayload("12");
        two.awaitPayload("12");
        assertThat(one.payloads()).containsExactly("1", "12");
        assertThat(two.payloads()).containsExactly("2", "12");
        RecordingListener three = new RecordingListener();
        Subscription third = listen(subject, three, "both");
        three.awaitListening(1);
        third.close();
        send("both", "without the third");
        one.awaitPayload("without the third");
        two.awaitPayload("without the third");
        assertThat(one.times(RecordingListener.LISTENING))
                .as("connections of the first subscription")
                .isOne();
    }

    @Test
    @Promise(
            of = Subscription.class,
            says = {"It does not block, and never throws.", "Closing twice does nothing."},
            lookAt = "close when the listener itself calls it: it must not wait for the call of the listener to end")
    void closesWhenItsListenerSaysSo() {
        Subject subject = opened();
        CompletableFuture<Subscription> own = new CompletableFuture<>();
        AtomicInteger closed = new AtomicInteger();
        RecordingListener listener = new RecordingListener() {
            @Override
            public void onNotification(Notification notification) {
                super.onNotification(notification);
                own.join().close();
                closed.incrementAndGet();
            }
        };
        own.complete(listen(subject, listener, "channel"));
        listener.awaitListening(1);
        send("channel", "close");
        Patience.await("the listener's call of close() to return").until(() -> closed.get() == 1);
        RecordingListener other = listening(subject, "channel");
        send("channel", "for another subscription");
        other.awaitPayload("for another subscription");
        assertThat(listener.events()).containsExactly(RecordingListener.LISTENING, "close");
    }

    @Test
    @Promise(
            of = AsyncConnector.class,
            says = "if the connector is not open",
            lookAt = "listen on a connector that has not been opened or has been closed")
    void refusesToListenUnlessItIsOpen() {
        Subject neverOpened = closed();
        assertThatExceptionOfType(AppNotOpenException.class)
                .isThrownBy(() -> listen(neverOpened, new RecordingListener(), "channel"));
        Subject subject = opened();
        subject.close();
        assertThatExceptionOfType(AppNotOpenException.class)
                .isThrownBy(() -> listen(subject, new RecordingListener(), "channel"));
    }
}

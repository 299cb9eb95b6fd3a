package io.procrastinate.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.SqlState;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/**
 * A synchronous connector's listening connection. The blocking view of an asynchronous connector declares that it does
 * not listen; its refusal is asserted.
 */
@Needs({Capability.LISTEN, Capability.SQL})
abstract class SessionContract extends Contract {

    private static final Duration SHORT = Duration.ofMillis(50);

    private final Duration patience = Patience.bound();

    SessionContract(ConnectorTck tck) {
        super(tck, Calls.BLOCKING);
    }

    private ListenSession session(Subject subject, String... channels) {
        return keep(((SyncConnector) subject.called()).listen(List.of(channels)));
    }

    private void send(String payload) {
        database().run("SELECT pg_notify('channel', ?)", payload);
    }

    @Test
    @Promise(
            of = {ListenSession.class, SyncConnector.class},
            says = {
                "Waits until at least one notification has arrived, but no longer than the time-out.",
                "the notifications in the order in which they were sent; empty if the time-out passed first",
                "Opens a connection that listens on channels."
            },
            lookAt = "how the driver delivers notifications: some only read them on request, some drop what is not"
                    + " fetched")
    void awaitsNotificationsInOrder() {
        ListenSession session = session(opened(), "channel", "other \"one\"");
        assertThat(session.await(SHORT)).as("before anything was sent").isEmpty();
        int many = 1000;
        for (int number = 1; number <= many; number++) {
            send(Integer.toString(number));
        }
        database().run("SELECT pg_notify('other \"one\"', 'end')");
        List<Notification> arrived = new ArrayList<>();
        Patience.await("the last notification").until(() -> {
            arrived.addAll(session.await(SHORT));
            return arrived.contains(new Notification("other \"one\"", "end"));
        });
        assertThat(arrived)
                .extracting(Notification::payload)
                .startsWith(IntStream.rangeClosed(1, many)
                        .mapToObj(Integer::toString)
                        .toArray(String[]::new))
                .hasSize(many + 1);
    }

    @Test
    @Promise(
            of = ListenSession.class,
            says = "Waits until at least one notification has arrived, but no longer than the time-out.",
            lookAt = "a wait that only looks at what arrived before it began")
    void wakesUpWhenANotificationArrives() throws Exception {
        ListenSession session = session(opened(), "channel");
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            CountDownLatch waiting = new CountDownLatch(1);
            Future<List<Notification>> arrived = thread.submit(() -> {
                waiting.countDown();
                return session.await(patience.multipliedBy(10));
            });
            waiting.await();
            send("wake up");
            assertThat(arrived.get(patience.toSeconds(), TimeUnit.SECONDS))
                    .containsExactly(new Notification("channel", "wake up"));
        } finally {
            thread.shutdownNow();
        }
    }

    @Test
    @Promise(
            of = ListenSession.class,
            says = "Asks the server for an answer, so that a half-open connection is detected.",
            lookAt = "notifications that arrive together with the answer to a ping: they must not be lost")
    void pingsWithoutLosingNotifications() {
        ListenSession session = session(opened(), "channel");
        send("before the ping");
        session.ping(patience);
        session.ping(patience);
        assertThat(session.await(patience)).containsExactly(new Notification("channel", "before the ping"));
    }

    @Test
    @Promise(
            of = ListenSession.class,
            says = {"if the server does not answer in time", "how long to wait for the answer"},
            lookAt = "the deadline of a ping on a connection whose other end has vanished")
    void findsOutThatTheConnectionIsHalfOpen() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        ListenSession session = session(opened(proxy.through(settings())), "channel");
        session.ping(patience);
        proxy.freezeConnections();
        assertLost(() -> session.ping(Duration.ofSeconds(1)));
    }

    @Test
    @Promise(
            of = ListenSession.class,
            says = {
                "It executes ListeningCheck.QUERY, so that a server that has become read-only is detected, too.",
                "if the server does not answer in time, or ListeningCheck.check throws"
            },
            lookAt = "what a ping executes: ListeningCheck.QUERY, whose answer ListeningCheck.check checks")
    void findsOutThatTheServerIsReadOnly() {
        Subject subject = opened();
        database().run("ALTER DATABASE " + database().name() + " SET default_transaction_read_only = on");
        database().terminate(TestDatabase.UNDER_TEST);
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> session(subject, "channel").ping(patience))
                .satisfies(refusal -> {
                    assertThat(refusal.sqlState()).isEqualTo(SqlState.READ_ONLY);
                    assertThat(refusal.isTransient()).as("transient").isTrue();
                });
    }

    @Test
    @Promise(
            of = ListenSession.class,
            says = "if the connection is lost or closed",
            lookAt = "the end of the connection while nothing arrives: await must throw, not return an empty list"
                    + " for ever")
    void saysThatTheConnectionIsLost() {
        ListenSession session = session(opened(), "channel");
        assertThat(database().terminate(TestDatabase.UNDER_TEST)).isPositive();
        assertLost(() -> Patience.await("the loss").until(() -> {
            session.await(SHORT);
            return false;
        }));
        assertLost(() -> session.ping(patience));
    }

    @Test
    @Promise(
            of = ListenSession.class,
            says = {
                "Only one thread uses it, but any thread may close it, which ends a wait.",
                "if the connection is lost or closed"
            },
            lookAt = "close while another thread is inside await: it must wake up with a ConnectorException")
    void closingEndsAWait() throws Exception {
        ListenSession session = session(opened(), "channel");
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            CountDownLatch waiting = new CountDownLatch(1);
            Future<List<Notification>> arrived = thread.submit(() -> {
                waiting.countDown();
                return session.await(patience.multipliedBy(10));
            });
            waiting.await();
            session.close();
            assertThatExceptionOfType(java.util.concurrent.ExecutionException.class)
                    .isThrownBy(() -> arrived.get(patience.toSeconds(), TimeUnit.SECONDS))
                    .withCauseInstanceOf(ConnectorException.class);
        } finally {
            thread.shutdownNow();
        }
    }

    @Test
    @Promise(
            of = ListenSession.class,
            says = {
                "Closes the connection.",
                "Closing twice does nothing; it never throws and never waits for a dead server."
            },
            lookAt = "close on a connection that is lost, half-open, or closed already")
    void closesWhateverStateItIsIn() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        Subject subject = opened(proxy.through(settings()));
        ListenSession healthy = session(subject, "channel");
        healthy.close();
        healthy.close();
        ListenSession halfOpen = session(subject, "channel");
        proxy.freezeConnections();
        halfOpen.close();
        halfOpen.close();
        proxy.cut();
        ListenSession lost = session(subject, "channel");
        proxy.cut();
        lost.close();
        lost.close();
        Patience.untilAsserted(
                "the listening connections to end",
                () -> assertThat(database()
                                .number("SELECT count(*) FROM pg_stat_activity WHERE query ILIKE '%listen%'"
                                        + " AND query NOT LIKE 'UNLISTEN%' AND pid <> pg_backend_pid()"
                                        + " AND datname = current_database()"))
                        .isZero());
    }

    private static void assertLost(ThrowingCallable call) {
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(call)
                .satisfies(loss ->
                        assertThat(loss.isTransient()).as("transient: " + loss).isTrue());
    }
}

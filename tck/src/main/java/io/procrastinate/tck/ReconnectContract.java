package io.procrastinate.tck;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.SqlState;
import io.procrastinate.connector.Subscription;
import io.procrastinate.driver.Backoff;
import io.procrastinate.exception.ConnectorException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A subscription survives the loss of its connection. */
@Needs({Capability.LISTEN, Capability.SQL})
abstract class ReconnectContract extends Contract {

    private static final String AGAIN =
            "Returns immediately; the connection is made in the background, pinged while nothing arrives, and after"
                    + " any loss made again with capped, jittered backoff.";
    private static final String TOLD = "The listener is notified of every connection made and lost.";
    private static final String READ_ONLY =
            "If ListeningCheck finds that its server is read-only, a connection counts as lost.";
    private static final String LOST =
            "The connection was lost or could not be made; the connector tries again on its own.";

    ReconnectContract(ConnectorTck tck) {
        super(tck, Calls.STAGES);
    }

    private Subscription listen(Subject subject, NotificationListener listener, String... channels) {
        return keep(((AsyncConnector) subject.called()).listen(List.of(channels), listener));
    }

    private RecordingListener listening(Subject subject) {
        RecordingListener listener = new RecordingListener();
        listen(subject, listener, "channel");
        listener.awaitListening(1);
        return listener;
    }

    private void send(String payload) {
        database().run("SELECT pg_notify('channel', ?)", payload);
    }

    @Test
    @Promise(
            of = {AsyncConnector.class, NotificationListener.class, Backoff.class},
            says = {AGAIN, TOLD, LOST},
            lookAt = "what follows the loss of the listening connection: onLost, a new connection, LISTEN for every"
                    + " channel, onListening")
    void listensAgainAfterItsBackendWasTerminated() {
        RecordingListener listener = listening(opened());
        for (int time = 1; time <= 3; time++) {
            send("before " + time);
            listener.awaitPayload("before " + time);
            assertThat(database().terminate(TestDatabase.UNDER_TEST))
                    .as("the connector's connections at the server")
                    .isPositive();
            listener.awaitListening(time + 1);
            send("after " + time);
            listener.awaitPayload("after " + time);
        }
        assertThat(listener.payloads())
                .as("every notification once, in order")
                .containsExactly("before 1", "after 1", "before 2", "after 2", "before 3", "after 3");
        assertThat(listener.times(RecordingListener.LOST)).as("losses told").isGreaterThanOrEqualTo(3);
        assertThat(listener.events().get(listener.events().lastIndexOf(RecordingListener.LISTENING) - 1))
                .as("what comes before onListening")
                .isEqualTo(RecordingListener.LOST);
        listener.assertNeverOverlapped();
    }

    @Test
    @Promise(
            of = AsyncConnector.class,
            says = {AGAIN, "Listens on channels until the subscription is closed"},
            lookAt = "LISTEN after a loss: on every channel of the subscription, not on the first one only")
    void listensAgainOnEveryChannel() {
        String[] channels = {"one", "Two", "thr\"ee", "four"};
        RecordingListener listener = new RecordingListener();
        listen(opened(), listener, channels);
        for (int time = 1; time <= 2; time++) {
            listener.awaitListening(time);
            for (String channel : channels) {
                database().run("SELECT pg_notify(?, ?)", channel, channel + time);
                listener.awaitPayload(channel + time);
            }
            database().terminate(TestDatabase.UNDER_TEST);
        }
        assertThat(listener.notifications()).extracting(Notification::channel).containsExactly(channelsTwice(channels));
    }

    private static String[] channelsTwice(String... channels) {
        return Stream.of(channels, channels).flatMap(Stream::of).toArray(String[]::new);
    }

    @Test
    @Promise(
            of = AsyncConnector.class,
            says = {AGAIN, TOLD},
            lookAt = "listen: neither waiting for the connection, nor failing when it cannot be made")
    void returnsAtOnceWhereTheServerIsAway() throws Exception {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        Subject subject = opened(proxy.through(settings()));
        proxy.refuse();
        RecordingListener listener = new RecordingListener();
        Subscription subscription = CompletableFuture.supplyAsync(() -> listen(subject, listener, "channel"))
                .get(Patience.bound().toSeconds(), TimeUnit.SECONDS);
        Patience.await("an attempt to fail").until(() -> listener.times(RecordingListener.LOST) > 0);
        proxy.accept();
        listener.awaitListening(1);
        send("after");
        listener.awaitPayload("after");
        subscription.close();
    }

    @Test
    @Promise(
            of = NotificationListener.class,
            says = {
                "The connection is listening now, for the first time or again.",
                "Notifications sent while it was not listening are lost, so look for work once."
            },
            lookAt =
                    "when onListening is called: after the server has answered LISTEN, each time. What is notified from"
                            + " then on arrives")
    void tellsThatItListensOnlyOnceItDoes() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        Subject subject = opened(proxy.through(settings()));
        RecordingListener listener = new RecordingListener() {
            @Override
            public void onListening() {
                super.onListening();
                send("sent by the listener " + times(RecordingListener.LISTENING));
            }
        };
        proxy.holdBack("LISTEN");
        listen(subject, listener, "channel");
        for (int time = 1; time <= 3; time++) {
            Patience.await("LISTEN to be sent").until(proxy::holdsBack);
            listener.note("LISTEN may be answered");
            proxy.letGo();
            listener.awaitListening(time);
            assertThat(listener.events().get(listener.events().lastIndexOf(RecordingListener.LISTENING) - 1))
                    .as("what comes before onListening")
                    .isEqualTo("LISTEN may be answered");
            listener.awaitPayload("sent by the listener " + time);
            proxy.holdBack("LISTEN");
            proxy.cut();
        }
    }

    @Test
    @Promise(
            of = NotificationListener.class,
            says = "Its methods are called one at a time, never concurrently; they must return quickly, never block"
                    + " and never throw.",
            lookAt = "onLost while onNotification is under way: threads of different purposes that call the listener")
    void tellsOneThingAtATime() {
        RecordingListener listener = new RecordingListener() {
            @Override
            void inside(Runnable note) {
                super.inside(() -> {
                    note.run();
                    database().terminate(TestDatabase.UNDER_TEST);
                    database().run("SELECT pg_sleep(0.2)");
                });
            }
        };
        listen(opened(), listener, "channel");
        listener.awaitListening(1);
        send("too late for some connections");
        listener.awaitListening(3);
        listener.assertNeverOverlapped();
    }

    @Test
    @Promise(
            of = {AsyncConnector.class, Backoff.class},
            says = AGAIN,
            lookAt = "the pause between attempts to connect: Backoff.RECONNECT, which grows while they fail")
    void pausesBetweenAttemptsToConnect() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        ConnectorSettings patient = proxy.through(settings()).toBuilder()
                .connectTimeout(Patience.bound().multipliedBy(10))
                .build();
        RecordingListener listener = listening(opened(patient));
        proxy.dropNewConnections();
        proxy.cut();
        Patience.await("an attempt to fail").until(() -> listener.times(RecordingListener.LOST) >= 2);
        long before = listener.times(RecordingListener.LOST);
        database().run("SELECT pg_sleep(1)");
        assertThat(listener.times(RecordingListener.LOST) - before)
                .as("attempts to connect that failed within about a second")
                .isLessThan(20);
        proxy.dropNoMore();
        listener.awaitListening(2);
        send("after");
        listener.awaitPayload("after");
    }

    @Test
    @Promise(
            of = {AsyncConnector.class, NotificationListener.class},
            says = {AGAIN, LOST},
            lookAt = "failing attempts to connect: they must go on, and each must be reported")
    void keepsTryingWhileTheServerIsDown() {
        RecordingListener listener = listening(opened());
        database().goDown();
        Patience.await("several attempts to fail").until(() -> listener.times(RecordingListener.LOST) >= 3);
        database().comeBack();
        listener.awaitListening(2);
        send("after");
        listener.awaitPayload("after");
        assertThat(listener.losses()).allSatisfy(loss -> {
            assertThat(loss).isInstanceOf(ConnectorException.class);
            assertThat(loss.getMessage()).isNotBlank();
        });
    }

    @Test
    @Promise(
            of = {AsyncConnector.class, NotificationListener.class},
            says = {AGAIN, LOST},
            lookAt = "the ping while nothing arrives: without one, a connection whose other end has vanished waits for"
                    + " ever")
    void findsOutThatItsConnectionIsHalfOpen() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        RecordingListener listener = listening(opened(proxy.through(settings())));
        proxy.freezeConnections();
        listener.awaitListening(2);
        assertThat(listener.times(RecordingListener.LOST)).isPositive();
        send("after");
        listener.awaitPayload("after");
    }

    @Test
    @Promise(
            of = {AsyncConnector.class, NotificationListener.class},
            says = {AGAIN, TOLD},
            lookAt = "a connection that is cut without a word from the server")
    void listensAgainAfterTheNetworkWasCut() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        RecordingListener listener = listening(opened(proxy.through(settings())));
        proxy.refuse();
        Patience.await("the loss to be reported").until(() -> listener.times(RecordingListener.LOST) >= 2);
        proxy.accept();
        listener.awaitListening(2);
        send("after");
        listener.awaitPayload("after");
    }

    @Test
    @Promise(
            of = AsyncConnector.class,
            says = READ_ONLY,
            lookAt = "what the listening connection is asked while nothing arrives: ListeningCheck.QUERY, whose answer"
                    + " ListeningCheck.check judges")
    void movesWhenItsServerIsNoLongerThePrimary() {
        FormerPrimary former = keep(new FormerPrimary(settings()));
        TcpProxy proxy = keep(TcpProxy.to(former.settings()));
        RecordingListener listener = listening(opened(proxy.through(settings())));
        proxy.leadTo(settings());
        former.demote();
        listener.awaitListening(2);
        send("after");
        listener.awaitPayload("after");
        assertThat(listener.losses().get(0).sqlState())
                .as("SQLSTATE of the loss")
                .isEqualTo(SqlState.READ_ONLY);
    }

    @Test
    @Promise(
            of = AsyncConnector.class,
            says = READ_ONLY,
            lookAt = "ListeningCheck.QUERY, which is to be asked before onListening is called, too")
    void doesNotListenWhereTheServerIsReadOnly() {
        Subject subject = opened();
        database().run("ALTER DATABASE " + database().name() + " SET default_transaction_read_only = on");
        database().terminate(TestDatabase.UNDER_TEST);
        RecordingListener listener = new RecordingListener();
        listen(subject, listener, "channel");
        Patience.await("losses to be reported")
                .until(() -> listener.losses().stream()
                        .anyMatch(loss -> SqlState.READ_ONLY.equals(loss.sqlState()) && loss.isTransient()));
        assertThat(listener.times(RecordingListener.LISTENING))
                .as("calls of onListening()")
                .isZero();
        database().run("SET default_transaction_read_only = off");
        database().run("ALTER DATABASE " + database().name() + " RESET default_transaction_read_only");
        listener.awaitListening(1);
        send("after");
        listener.awaitPayload("after");
    }

    @Test
    @ResourceLock(PromptCancel.SHARED)
    @Promise(
            of = Subscription.class,
            says = "It does not block, and never throws.",
            lookAt = "closing while a connection is being made or the server does not answer")
    void closesWhileTheServerDoesNotAnswer() throws Exception {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        Subject subject = opened(proxy.through(settings()));
        RecordingListener listener = new RecordingListener();
        Subscription subscription = listen(subject, listener, "channel");
        listener.awaitListening(1);
        proxy.freezeEverything();
        subscription.close();
        proxy.cut();
        proxy.thaw();
        subject.close();
        assertThat(listener.payloads()).isEmpty();
        awaitNoConnections(); // the application's pool may have made another one in its place
    }
}

package io.procrastinate.tck;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Backoff;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Subscription;
import io.procrastinate.exception.ConnectorException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A subscription outlives its connection. */
@Needs({Capability.LISTEN, Capability.SQL})
abstract class ReconnectContract extends Contract {

    private static final String AGAIN =
            "Returns at once; the connection is made in the background, is pinged while nothing arrives, and after any"
                    + " loss is made again with capped, jittered backoff.";
    private static final String TOLD = "The listener hears of every connection made and lost.";
    private static final String LOST =
            "The connection was lost or could not be made; another attempt follows by itself.";

    ReconnectContract(ConnectorTck tck) {
        super(tck, Calls.STAGES);
    }

    private Heard listening(Subject subject) {
        Heard heard = new Heard();
        keep(((AsyncConnector) subject.called()).listen(List.of("channel"), heard));
        heard.awaitListening(1);
        return heard;
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
        Heard heard = listening(opened());
        for (int time = 1; time <= 3; time++) {
            send("before " + time);
            heard.awaitPayload("before " + time);
            assertThat(database().terminate(TestDatabase.UNDER_TEST))
                    .as("the connector's connections at the server")
                    .isPositive();
            heard.awaitListening(time + 1);
            send("after " + time);
            heard.awaitPayload("after " + time);
        }
        assertThat(heard.payloads())
                .as("every notification once, in order")
                .containsExactly("before 1", "after 1", "before 2", "after 2", "before 3", "after 3");
        assertThat(heard.times(Heard.LOST)).as("losses told").isGreaterThanOrEqualTo(3);
        assertThat(heard.events().get(heard.events().lastIndexOf(Heard.LISTENING) - 1))
                .as("what comes before onListening")
                .isEqualTo(Heard.LOST);
        heard.assertNeverOverlapped();
    }

    @Test
    @Promise(
            of = {AsyncConnector.class, NotificationListener.class},
            says = {AGAIN, LOST},
            lookAt = "attempts to connect that fail: they must go on, and each must be told")
    void keepsTryingWhileTheServerIsDown() {
        Heard heard = listening(opened());
        database().goDown();
        Patience.await("several attempts to fail").until(() -> heard.times(Heard.LOST) >= 3);
        database().comeBack();
        heard.awaitListening(2);
        send("after");
        heard.awaitPayload("after");
        assertThat(heard.losses()).allSatisfy(loss -> {
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
        Heard heard = listening(opened(proxy.through(settings())));
        proxy.freezeConnections();
        heard.awaitListening(2);
        assertThat(heard.times(Heard.LOST)).isPositive();
        send("after");
        heard.awaitPayload("after");
    }

    @Test
    @Promise(
            of = {AsyncConnector.class, NotificationListener.class},
            says = {AGAIN, TOLD},
            lookAt = "a connection that is cut without a word from the server")
    void listensAgainAfterTheNetworkWasCut() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        Heard heard = listening(opened(proxy.through(settings())));
        proxy.refuse();
        Patience.await("the loss to be told").until(() -> heard.times(Heard.LOST) >= 2);
        proxy.accept();
        heard.awaitListening(2);
        send("after");
        heard.awaitPayload("after");
    }

    @Test
    @Promise(
            of = Subscription.class,
            says = "It does not block, and never throws.",
            lookAt = "closing while a connection is being made or the server does not answer")
    void closesWhileTheServerDoesNotAnswer() {
        TcpProxy proxy = keep(TcpProxy.to(settings()));
        Subject subject = opened(proxy.through(settings()));
        Heard heard = new Heard();
        Subscription subscription = ((AsyncConnector) subject.called()).listen(List.of("channel"), heard);
        heard.awaitListening(1);
        proxy.freezeEverything();
        subscription.close();
        proxy.cut();
        proxy.thaw();
        subject.close();
        assertThat(heard.payloads()).isEmpty();
        Patience.untilAsserted(
                "all connections to end",
                () -> assertThat(database().connections(TestDatabase.UNDER_TEST))
                        .isZero());
    }
}

package io.procrastinate.tck;

import static io.procrastinate.tck.Sql.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorProvider;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A connector is created closed, opens once, closes completely, and leaves nothing behind. */
abstract class LifecycleContract extends Contract {

    LifecycleContract(ConnectorTck tck, Calls calls) {
        super(tck, calls);
    }

    @Test
    @Promise(
            of = Connector.class,
            says = "A connector is created closed; nothing is sent before it is opened.",
            lookAt = "the constructor: it must keep its settings and no more")
    void isCreatedClosed() {
        Subject subject = closed();
        assertThat(subject.isOpen()).isFalse();
        assertThat(database().connections(TestDatabase.UNDER_TEST))
                .as("connections at the server")
                .isZero();
    }

    @Test
    @Promise(
            of = ConnectorProvider.class,
            says = "Nothing is sent and no thread is started before it is opened.",
            lookAt = "pools, executors and timers made by the constructor: make them when opening")
    void startsNoThreadBeforeItIsOpened() {
        Subject subject = closed();
        assertThat(subject.isOpen()).isFalse();
        assertThat(threads.alive()).as("threads that were started").isEmpty();
    }

    @Test
    @Promise(
            of = Connector.class,
            says = "Whether the connector is open: it has been opened, and not closed since.",
            lookAt = "isOpen(), and the state that opening and closing set")
    void saysWhetherItIsOpen() {
        Subject subject = opened();
        assertThat(subject.isOpen()).as("after opening").isTrue();
        subject.close();
        assertThat(subject.isOpen()).as("after closing").isFalse();
    }

    @Test
    @Needs(Capability.SQL)
    @Promise(
            of = SyncConnector.class,
            says = "Opening an open connector does nothing.",
            lookAt = "the check for an open connector at the start of open: a second pool must not replace the first")
    void openingTwiceDoesNothing() throws Exception {
        Subject subject = opened();
        subject.open(poolFor(settings()));
        assertThat(subject.isOpen()).isTrue();
        assertThat(subject.row(sql("SELECT 1 AS one")).integer("one")).isOne();
        subject.close();
        awaitNoConnections();
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = "Closing twice does nothing.",
            lookAt = "close: it must remember that there is nothing to close any more")
    void closingTwiceDoesNothing() {
        Subject neverOpened = closed();
        neverOpened.close();
        neverOpened.close();
        Subject subject = opened();
        subject.close();
        subject.close();
        assertThat(subject.isOpen()).isFalse();
    }

    @Test
    @Needs(Capability.SQL)
    @Promise(
            of = SyncConnector.class,
            says = "A closed connector can be opened again.",
            lookAt = "state that closing leaves behind, such as an executor that has been shut down")
    void opensAgainAfterClosing() {
        Subject subject = opened();
        for (int time = 0; time < 3; time++) {
            subject.close();
            subject.open(poolFor(settings()));
            assertThat(subject.row(sql("SELECT 1 AS one")).integer("one")).isOne();
        }
    }

    @Test
    @Needs(Capability.SQL)
    @Promise(
            of = SyncConnector.class,
            says = "Closes what the connector opened itself: its pool, its connections, its threads.",
            lookAt = "connections that are not given back, or a pool that is not closed")
    void closesItsConnections() throws Exception {
        Subject subject = opened();
        assertThat(subject.execute(sql("SELECT 1 AS one"))).hasSize(1);
        subject.close();
        awaitNoConnections();
    }

    @Test
    @Needs({Capability.OWN_POOL, Capability.SQL})
    @Promise(
            of = SyncConnector.class,
            says = "Closes what the connector opened itself: its pool, its connections, its threads.",
            lookAt = "executors, timers and the driver's own threads that outlive close")
    void leavesNoThreadBehind() {
        for (int time = 0; time < 3; time++) {
            Subject subject = opened();
            assertThat(subject.execute(sql("SELECT 1 AS one"))).hasSize(1);
            subject.close();
        }
        awaitNoThreads();
    }

    @Test
    @Promise(
            of = {SyncConnector.class, AppNotOpenException.class},
            says = {
                "if the connector is not open",
                "A call needs the database, and the app or its connector has not been opened or is closed."
            },
            lookAt = "what execute and runScript do before the first open")
    void refusesCallsBeforeItIsOpened() {
        assertNotOpen(closed());
    }

    @Test
    @Promise(
            of = SyncConnector.class,
            says = "Running calls may fail with a ConnectorException; later ones fail with AppNotOpenException.",
            lookAt = "what execute and runScript do after close: the driver's own exception must not come through")
    void refusesCallsAfterItIsClosed() {
        Subject subject = opened();
        subject.close();
        assertNotOpen(subject);
    }

    private static void assertNotOpen(Subject subject) {
        assertThatExceptionOfType(AppNotOpenException.class)
                .as("execute on a connector that is not open")
                .isThrownBy(() -> subject.execute(sql("SELECT 1")))
                .withMessageContaining("open");
        assertThatExceptionOfType(AppNotOpenException.class)
                .as("runScript on a connector that is not open")
                .isThrownBy(() -> subject.runScript("SELECT 1"))
                .withMessageContaining("open");
    }

    @Test
    @Needs({Capability.CALLER_POOL, Capability.SQL})
    @Promise(
            of = {SyncConnector.class, Capability.class, AsyncConnector.class},
            says = {
                "the connector never closes a pool that it was given",
                "Uses the application's pool when it is opened with one.",
                "Opens the connector, with a pool of its own or with the application's.",
                "Opens the connector, as SyncConnector.open.",
                "the application's pool, of a kind that the connector documents, or null for a pool of its own; the"
                        + " connector never closes a pool that it was given",
                "the application's pool, or null for a pool of its own"
            },
            lookAt = "close: it may close only a pool that open itself has made")
    void usesTheApplicationsPoolAndNeverClosesIt() {
        Object pool = applicationPool(
                settings().toBuilder().applicationName("application").build());
        for (int time = 0; time < 2; time++) {
            Subject subject = closed();
            subject.open(pool);
            assertThat(subject.row(sql("SELECT current_setting('application_name') AS name"))
                            .text("name"))
                    .as("whose connection it is")
                    .isEqualTo("application");
            subject.runScript(
                    "CREATE TABLE scripted_" + time + " AS SELECT current_setting('application_name') AS name");
            assertThat(database().text("SELECT name FROM scripted_" + time))
                    .as("whose connection it is that runs a script")
                    .isEqualTo("application");
            subject.close();
        }
    }

    @Test
    @Needs(Capability.CALLER_POOL)
    @Promise(
            of = Connector.class,
            says = {
                "Whether this connector can be opened with this pool of the application.",
                "Looks at the pool's class only: nothing is sent.",
                "By default accepts every pool, if the capability is present."
            },
            lookAt =
                    "accepts: the check of the pool's class that open makes. An app that is opened with a pool asks it which"
                            + " connector to use")
    void saysWhichPoolsItTakes() {
        Connector connector = closed().called();
        ConnectorSettings nowhere =
                settings().toBuilder().port(TcpProxy.deadPort()).build();
        assertThat(connector.accepts(applicationPool(settings())))
                .as("accepts a pool of the kind that it takes")
                .isTrue();
        assertThat(connector.accepts(Thread.currentThread()))
                .as("accepts a thread")
                .isFalse();
        assertThat(closed(nowhere).created().accepts(applicationPool(settings())))
                .as("accepts it where no server answers")
                .isTrue();
        assertThat(connector.isOpen()).isFalse();
    }

    @Test
    @Needs(Capability.CALLER_POOL)
    @Promise(
            of = SyncConnector.class,
            says = "or if the pool is of another kind (the message names both kinds); nothing is left open then",
            lookAt = "the check of the pool's class at the start of open, and its message")
    void refusesAPoolOfAnotherKind() throws Exception {
        Subject subject = closed();
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> subject.open(Thread.currentThread()))
                .withMessageContaining("Thread")
                .satisfies(refusal -> assertNamesOneOf(Kinds.of(applicationPool(settings())), refusal));
        assertThat(subject.isOpen()).isFalse();
        awaitNoConnections();
    }

    private static void assertNamesOneOf(Set<String> kinds, ConnectorException refusal) {
        assertThat(kinds)
                .as("kinds of which the message names one: %s", refusal.getMessage())
                .anyMatch(kind -> String.valueOf(refusal.getMessage()).contains(kind));
    }
}

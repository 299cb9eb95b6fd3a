package io.procrastinate.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.ConnectorException;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What all contracts share: an empty database for each test, and connectors that are closed at its end. */
@ExtendWith(PromiseExtension.class)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class Contract {

    @RegisterExtension
    final StartedThreads threads;

    final Calls calls;
    private final ConnectorTck tck;
    // Some tests open connectors on many threads at once.
    private final Deque<AutoCloseable> opened = new ConcurrentLinkedDeque<>();
    private final Deque<Object> pools = new ConcurrentLinkedDeque<>();
    private TestDatabase database;

    Contract(ConnectorTck tck, Calls calls) {
        this.tck = tck;
        this.calls = calls;
        this.threads = new StartedThreads().except(tck.sharedThreads());
    }

    @BeforeEach
    void createDatabase(TestInfo test) {
        if (!knowsSql()) {
            database = TestDatabase.maintenance();
        } else if (test.getTestMethod().orElseThrow().isAnnotationPresent(RestartsServer.class)) {
            database = addTo(TestDatabase.onServerOfItsOwn());
        } else {
            database = newDatabase();
        }
    }

    /** On the server that the tests share. */
    TestDatabase newDatabase() {
        return TestDatabase.create();
    }

    /** Adds to an empty database what one by {@link #newDatabase} has. */
    TestDatabase addTo(TestDatabase empty) {
        return empty;
    }

    @AfterEach
    void closeAll() throws Exception {
        try (TestDatabase dropped = database) {
            while (!opened.isEmpty()) {
                opened.pop().close();
            }
            assertThat(dropped.name()).isNotEmpty();
        }
    }

    /** Whether there is a server behind the connector at all. */
    boolean knowsSql() {
        return create(TestServer.get().administration()).capabilities().contains(Capability.SQL);
    }

    TestDatabase database() {
        return database;
    }

    ConnectorSettings settings() {
        return database.settings();
    }

    /** A new connector of the kind under test, as its author makes it. */
    Connector create(ConnectorSettings settings) {
        return tck.create(settings);
    }

    /** A connector that has not been opened. */
    Subject closed(ConnectorSettings settings) {
        return keep(Subject.of(create(settings), calls, settings));
    }

    /** A connector that has not been opened. */
    Subject closed() {
        return closed(settings());
    }

    /** A connector that has been opened, with a pool of its own if it can. */
    Subject opened(ConnectorSettings settings) {
        Subject subject = closed(settings);
        subject.open(poolFor(settings));
        return subject;
    }

    /** A connector that has been opened, with a pool of its own if it can. */
    Subject opened() {
        return opened(settings());
    }

    /** What a connector is opened with by default: null if it opens a pool of its own. */
    @Nullable
    Object poolFor(ConnectorSettings settings) {
        return capabilities().contains(Capability.OWN_POOL) ? null : applicationPool(settings);
    }

    /** A pool of the application, closed at the end of the test. */
    Object applicationPool(ConnectorSettings settings) {
        Object pool = tck.openPool(settings);
        pools.add(pool);
        opened.push(this::closePools);
        return pool;
    }

    /** Closes the application's pools, which may keep connections for as long as they are open. */
    void closePools() throws Exception {
        while (!pools.isEmpty()) {
            tck.closePool(pools.remove());
        }
    }

    /** Waits until no connection is left, neither a connector's own nor one that it borrowed and did not return. */
    void awaitNoConnections() throws Exception {
        closePools();
        Patience.untilAsserted(
                "the connector's connections to end",
                () -> assertThat(database().sessions(TestDatabase.UNDER_TEST))
                        .as(() -> "connections at the server; the threads of this test are now" + threads.stacks())
                        .isEmpty());
    }

    /** Waits until no thread is left of those that were started in this test. */
    void awaitNoThreads() {
        Patience.untilAsserted(
                "the connector's threads to end",
                () -> assertThat(threads.alive())
                        .as("threads that are left; ConnectorTck.sharedThreads() names those that the driver shares"
                                + " between all connections of the JVM")
                        .isEmpty());
    }

    /** A connection of the application, closed at the end of the test. */
    CallerConnection callerConnection() {
        return keep(tck.openCallerConnection(
                settings().toBuilder().applicationName("application").build()));
    }

    /** Closes a resource at the end of the test, in reverse order of opening. */
    <T extends AutoCloseable> T keep(T resource) {
        opened.push(resource);
        return resource;
    }

    /** The connector's capabilities when it is called in this contract's way. */
    Set<Capability> capabilities() {
        return Subject.of(create(settings()), calls, settings()).called().capabilities();
    }

    String connectorName() {
        return create(settings()).name();
    }

    /** Asserts that an absent capability is refused with a message that names the connector. */
    void assertRefused(Capability capability) {
        switch (capability) {
            case SQL -> {
                Subject subject = opened();
                assertRefusal(() -> subject.execute(Sql.sql("SELECT 1 AS one")));
                assertRefusal(() -> subject.runScript("SELECT 1"));
            }
            case LISTEN -> assertListeningRefused();
            case OWN_POOL -> {
                Subject subject = closed();
                assertRefusal(() -> subject.open(null));
                assertThat(subject.isOpen()).isFalse();
            }
            case CALLER_POOL -> {
                Subject subject = closed();
                assertRefusal(() -> subject.open("a pool"));
                assertThat(subject.isOpen()).isFalse();
            }
            case CALLER_CONNECTION -> {
                Subject subject = opened();
                assertRefusal(() -> subject.execute(Sql.sql("SELECT 1 AS one"), "a connection"));
            }
            case UNPREPARED -> {
                ConnectorSettings unprepared =
                        settings().toBuilder().preparedStatements(false).build();
                Subject subject = closed(unprepared);
                assertRefusal(() -> subject.open(poolFor(unprepared)));
                assertThat(subject.isOpen()).isFalse();
            }
        }
    }

    private void assertListeningRefused() {
        Connector called = opened().called();
        assertRefusal(() -> {
            if (called instanceof AsyncConnector async) {
                async.listen(List.of("channel"), new RecordingListener()).close();
            } else {
                ((SyncConnector) called).listen(List.of("channel")).close();
            }
        });
    }

    private void assertRefusal(ThrowingCallable call) {
        assertThatExceptionOfType(ConnectorException.class)
                .as("the refusal of a capability that the connector does not declare")
                .isThrownBy(call)
                .withMessageContaining(connectorName())
                .satisfies(refusal -> assertThat(refusal.isTransient()).isFalse());
    }
}

package io.procrastinate.tck;

import static io.procrastinate.tck.Sql.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.procrastinate.adapter.BlockingConnector;
import io.procrastinate.adapter.SyncCounterpart;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.BlockingNotAllowedException;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** How blocking calls and stages of one connector relate. */
abstract class SyncAsyncContract extends Contract {

    private static final String COUNTERPART =
            "A synchronous connector returns itself. An asynchronous one returns, before it is opened, a real"
                    + " synchronous connector with the same settings (always the same one, until it is opened), and"
                    + " once it is open, itself behind calls that wait: SyncCounterpart makes both.";

    SyncAsyncContract(ConnectorTck tck) {
        super(tck, Calls.STAGES);
    }

    @Test
    @Promise(
            of = {Connector.class, SyncConnector.class},
            says = {COUNTERPART, "Returns false: the I/O runs on the calling threads, so each of them may block."},
            lookAt = "sync() before opening: SyncCounterpart implements it")
    void hasOneSynchronousCounterpartBeforeItIsOpened() {
        Subject subject = closed();
        Connector connector = subject.created();
        SyncConnector counterpart = connector.sync();
        assertThat(connector.sync()).as("the second answer").isSameAs(counterpart);
        if (connector instanceof SyncConnector) {
            assertThat(counterpart).isSameAs(connector);
            assertThat(connector.isOnNonBlockingThread()).isFalse();
            assertThat(subject.called().sync())
                    .as("the counterpart of the wrapping connector")
                    .isSameAs(connector);
            return;
        }
        keep(counterpart);
        assertThat(counterpart.isOpen()).isFalse();
        assertThat(counterpart).as("a counterpart that is another connector").isNotSameAs(connector);
        assertThat(connector.isOpen()).isFalse();
    }

    @Test
    @Needs({Capability.SQL, Capability.OWN_POOL})
    @Promise(
            of = Connector.class,
            says = COUNTERPART,
            lookAt = "the settings of the counterpart, and that it is opened and closed apart from the connector")
    void itsCounterpartReachesTheSameDatabase() {
        SyncConnector counterpart = keep(closed().created().sync());
        counterpart.open(null);
        Row row = counterpart
                .execute(sql("SELECT current_database()::text AS db, current_setting('application_name') AS name"))
                .get(0);
        assertThat(row.text("db")).isEqualTo(settings().database());
        assertThat(row.text("name")).isEqualTo(settings().applicationName());
    }

    @Test
    @Promise(
            of = {Connector.class, SyncCounterpart.class, SyncConnector.class},
            says = {
                COUNTERPART,
                "Returns the current counterpart: the blocking view of an open connector, else a separate connector,"
                        + " which refuses the threads and the pools that the asynchronous one would refuse.",
                "or if the pool is of another kind (the message names both kinds); nothing is left open then"
            },
            lookAt = "a counterpart of another kind that takes pools which the connector itself does not: jobs"
                    + " deferred there would be out of the connector's reach")
    void itsCounterpartTakesNoPoolThatItDoesNotTakeItself() {
        Connector connector = closed().called();
        SyncConnector counterpart = keep(connector.sync());
        List<Object> pools = List.of(new ApplicationDataSource(settings()), Thread.currentThread());
        for (Object pool : pools) {
            if (!connector.accepts(pool)) {
                assertThat(counterpart.accepts(pool)).as("accepts " + pool).isFalse();
                assertThatExceptionOfType(ConnectorException.class)
                        .as("opened with " + pool)
                        .isThrownBy(() -> counterpart.open(pool))
                        .withMessageContaining(pool.getClass().getName());
                assertThat(counterpart.isOpen()).isFalse();
            }
        }
    }

    @Test
    @Needs(Capability.SQL)
    @Promise(
            of = {AsyncConnector.class, Connector.class},
            says = {"A synchronous counterpart that sync() has made is closed.", COUNTERPART},
            lookAt = "openAsync: it must close the counterpart (SyncCounterpart.drop), then sync() must ask"
                    + " SyncCounterpart again")
    void openingAsynchronouslyClosesTheCounterpart() {
        Subject subject = closed();
        SyncConnector counterpart = subject.called().sync();
        counterpart.open(poolFor(settings()));
        subject.open(poolFor(settings()));
        assertThat(subject.isOpen()).isTrue();
        if (subject.created() instanceof SyncConnector) {
            assertThat(counterpart.isOpen())
                    .as("the connector below the wrapping one, which is open")
                    .isTrue();
            return;
        }
        assertThat(counterpart.isOpen()).as("the counterpart made before").isFalse();
        assertThat(subject.called().sync()).isNotSameAs(counterpart).isInstanceOf(BlockingConnector.class);
    }

    @Test
    @Needs({Capability.SQL, Capability.OWN_POOL})
    @Promise(
            of = {Connector.class, SyncConnector.class},
            says = {COUNTERPART, "Returns the connector for blocking calls."},
            lookAt = "a second pool that is made for the other kind of calls")
    void bothKindsOfCallsShareOnePool() {
        Subject subject = opened(settings().toBuilder().poolSize(1).build());
        int pid = subject.row(sql("SELECT pg_backend_pid() AS pid")).integer("pid");
        SyncConnector blocking = subject.called().sync();
        assertThat(blocking.isOpen()).isTrue();
        assertThat(blocking.execute(sql("SELECT pg_backend_pid() AS pid"))
                        .get(0)
                        .integer("pid"))
                .isEqualTo(pid);
        assertThat(database().connections(TestDatabase.UNDER_TEST)).isOne();
    }

    @Test
    @Promise(
            of = {Connector.class, AppNotOpenException.class},
            says = {
                COUNTERPART,
                "A call needs the database, and the app or its connector has not been opened or is closed."
            },
            lookAt = "the counterpart after closing: it must not open anything on its own")
    void theCounterpartIsClosedWithIt() {
        Subject subject = opened();
        SyncConnector whileOpen = subject.called().sync();
        subject.close();
        assertThat(whileOpen.isOpen()).isFalse();
        assertThatExceptionOfType(AppNotOpenException.class).isThrownBy(() -> whileOpen.execute(sql("SELECT 1")));
        SyncConnector afterwards = keep(subject.called().sync());
        assertThatExceptionOfType(AppNotOpenException.class).isThrownBy(() -> afterwards.execute(sql("SELECT 1")));
    }

    @Test
    @Needs(Capability.SQL)
    @Promise(
            of = AsyncConnector.class,
            says = "A connector whose calls return immediately, with a stage that completes when the database has"
                    + " answered.",
            lookAt =
                    "work that is done on the caller's thread before the stage is returned: waiting for a connection, too")
    void callsReturnAtOnce() throws SQLException {
        Subject subject = opened(settings().toBuilder().poolSize(1).build());
        AsyncConnector connector = (AsyncConnector) subject.called();
        List<CompletionStage<List<Row>>> stages = new ArrayList<>();
        try (Connection other = database().connect();
                Statement statement = other.createStatement()) {
            statement.execute("SELECT pg_advisory_lock(1)");
            for (int call = 0; call < 3; call++) {
                stages.add(connector.execute(sql("SELECT pg_advisory_xact_lock(1), 1 AS one")));
            }
            assertThat(stages)
                    .as("stages of statements that the server has not answered")
                    .noneMatch(stage -> stage.toCompletableFuture().isDone());
            statement.execute("SELECT pg_advisory_unlock(1)");
        }
        for (CompletionStage<List<Row>> stage : stages) {
            assertThat(Stages.join(stage, Patience.bound())).hasSize(1);
        }
    }

    @Test
    @Needs(Capability.SQL)
    @Promise(
            of = AsyncConnector.class,
            says = "If the connector is still being opened, that finishes first: when this stage completes, the"
                    + " connector is closed and nothing is left open.",
            lookAt = "closeAsync between openAsync and the end of its stage: it must wait for that, not find nothing to"
                    + " close")
    void closesWhatIsBeingOpened() throws Exception {
        Subject subject = closed();
        AsyncConnector connector = (AsyncConnector) subject.called();
        for (int time = 0; time < 3; time++) {
            CompletionStage<@Nullable Void> opening = connector.openAsync(poolFor(settings()));
            CompletionStage<@Nullable Void> closing = connector.closeAsync();
            Patience.await("both stages to complete")
                    .until(() -> opening.toCompletableFuture().isDone()
                            && closing.toCompletableFuture().isDone());
            assertThat(connector.isOpen()).as("open after closeAsync").isFalse();
        }
        awaitNoConnections();
    }

    @Test
    @Needs(Capability.SQL)
    @Promise(
            of = {Connector.class, BlockingConnector.class, BlockingNotAllowedException.class, AsyncConnector.class},
            says = {
                "Whether the current thread is one that must never wait for this connector, such as an event loop of the"
                        + " driver.",
                "On a thread that must not block (see isOnNonBlockingThread()) they fail immediately with"
                        + " BlockingNotAllowedException, before anything is sent, instead of deadlocking.",
                "A blocking call was made on a thread that must never block, such as an event loop. Nothing was sent.",
                "Stages may complete on a thread of the driver: what depends on them must not block."
            },
            lookAt =
                    "isOnNonBlockingThread() on the thread that completes stages: a blocking call made there either works"
                            + " or is refused, but never waits for ever")
    void aBlockingCallInACallbackWorksOrIsRefused() throws Exception {
        Subject subject = opened();
        AsyncConnector connector = (AsyncConnector) subject.called();
        SyncConnector blocking = connector.sync();
        AtomicReference<@Nullable Boolean> mustNotBlock = new AtomicReference<>();
        AtomicReference<@Nullable Boolean> mustNotWait = new AtomicReference<>();
        CompletionStage<List<Row>> inside = connector
                .execute(sql("SELECT pg_sleep(0.3), 1 AS one"))
                .thenApply(rows -> {
                    mustNotBlock.set(connector.isOnNonBlockingThread());
                    mustNotWait.set(blocking.isOnNonBlockingThread());
                    return blocking.execute(sql("SELECT 2 AS two"));
                });
        CompletableFuture<Subject.Settled<List<Row>>> settled = new CompletableFuture<>();
        CompletionStage<List<Row>> watched =
                inside.whenComplete((rows, failure) -> settled.complete(new Subject.Settled<>(rows, failure)));
        Subject.Settled<List<Row>> outcome = settled.get(Patience.bound().toSeconds(), TimeUnit.SECONDS);
        assertThat(watched).isNotNull();
        assertThat(mustNotWait.get())
                .as("what the blocking connector says about that thread")
                .isEqualTo(mustNotBlock.get());
        if (Boolean.TRUE.equals(mustNotBlock.get())) {
            assertThat(outcome.failure())
                    .as("a blocking call on a thread that must not block")
                    .rootCause()
                    .isInstanceOf(BlockingNotAllowedException.class)
                    .hasMessageContaining(connectorName());
        } else {
            assertThat(outcome.failure())
                    .as("a blocking call in a callback of a connector that says its threads may block")
                    .isNull();
        }
        assertThat(connector.isOnNonBlockingThread())
                .as("the test's own thread")
                .isFalse();
    }

    @Test
    @Needs(Capability.SQL)
    @Promise(
            of = {Connector.class, BlockingNotAllowedException.class},
            says = {
                "Blocking calls on such a thread fail immediately, whether they would wait for the database or for"
                        + " another caller, with BlockingNotAllowedException.",
                "A blocking call was made on a thread that must never block, such as an event loop. Nothing was sent."
            },
            lookAt =
                    "the counterpart of a connector that is not open: its own threads may all block, those of the connector"
                            + " may not")
    void aCallbackMayBlockNoMoreBeforeItIsOpened() {
        Subject subject = opened();
        AsyncConnector connector = (AsyncConnector) subject.called();
        AsyncConnector another = (AsyncConnector) closed().called();
        SyncConnector counterpart = keep(another.sync());
        Object pool = poolFor(settings());
        AtomicReference<@Nullable Boolean> mustNotBlock = new AtomicReference<>();
        List<@Nullable Throwable> failures = new ArrayList<>();
        Stages.join(
                connector.execute(sql("SELECT pg_sleep(0.3), 1 AS one")).thenAccept(rows -> {
                    mustNotBlock.set(another.isOnNonBlockingThread());
                    failures.add(catchThrowable(() -> counterpart.open(pool)));
                    failures.add(catchThrowable(() -> counterpart.execute(sql("SELECT 1 AS one"))));
                    failures.add(catchThrowable(() -> counterpart.runScript("SELECT 1")));
                    failures.add(catchThrowable(counterpart::close));
                }),
                Patience.bound());
        if (Boolean.TRUE.equals(mustNotBlock.get())) {
            assertThat(failures)
                    .as("blocking calls of a connector that is not open, on a thread that must not block")
                    .hasOnlyElementsOfType(BlockingNotAllowedException.class);
            assertThat(counterpart.isOpen()).isFalse();
        } else {
            assertThat(failures).as("blocking calls on a thread that may block").containsOnlyNulls();
        }
    }

    @Test
    @Needs(Capability.SQL)
    @Promise(
            of = {Stages.class, SyncConnector.class},
            says = {
                "An interrupt does not end the wait (a statement cannot be left half executed); the thread stays"
                        + " interrupted.",
                "An interrupt of the calling thread is never cleared."
            },
            lookAt = "catch blocks for InterruptedException: they must set the flag again")
    void keepsTheInterruptFlag() {
        SyncConnector blocking = opened().called().sync();
        Thread.currentThread().interrupt();
        Throwable failure = catchThrowable(() -> blocking.execute(sql("SELECT 1 AS one")));
        boolean kept = Thread.interrupted();
        assertThat(kept).as("the interrupt flag after a call").isTrue();
        if (failure != null) { // a driver may give up at an interrupt, as long as the interrupt is not lost
            assertThat(failure).isInstanceOf(ConnectorException.class);
        }
        assertThat(blocking.execute(sql("SELECT 1 AS one"))).hasSize(1);
    }
}

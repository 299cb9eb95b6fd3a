package io.procrastinate.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.Subscription;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.BlockingNotAllowedException;
import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The two adapters between the kinds of connectors, and the synchronous counterpart. */
class ConnectorViewsTest {

    private static final BoundQuery QUERY =
            Query.named("q").sql("SELECT 1 AS one").bind().build();

    private final ConnectorSettings settings = ConnectorSettings.builder()
            .host("h")
            .connectTimeout(Duration.ofMillis(1))
            .statementTimeout(Duration.ofMillis(1))
            .build();
    private final FakeSyncConnector blocking = new FakeSyncConnector("fake");
    private final AsyncConnector threaded = ThreadedConnector.over(blocking);

    @Test
    void aThreadedConnectorCallsOnThreadsOfItsOwn() {
        Stages.join(threaded.openAsync("pool"));
        assertThat(Stages.join(threaded.execute(QUERY))).containsExactly(FakeSyncConnector.ROW);
        Stages.join(threaded.execute(QUERY, "connection"));
        Stages.join(threaded.runScript("script"));
        Stages.join(threaded.closeAsync());

        assertThat(blocking.calls)
                .containsExactly("open pool", "execute q", "execute q on connection", "script script", "close");
        assertThat(blocking.threads)
                .doesNotContain(Thread.currentThread())
                .extracting(Thread::getName)
                .allMatch(name -> name.startsWith("procrastinate-fake-"));
        assertThat(threaded.isOnNonBlockingThread()).isFalse();
        assertThat(threaded.sync()).isSameAs(blocking);
        assertThat(threaded.name()).isEqualTo("fake");
        assertThat(threaded.capabilities()).isEqualTo(blocking.capabilities());
    }

    @Test
    void aThreadedConnectorExecutesReservedStatementsOnThreadsOfItsOwnInTheirOrder() {
        Stages.join(threaded.openAsync(null));
        try (ReservedConnection reserved = threaded.reserve()) {
            List<CompletionStage<List<Row>>> stages = IntStream.range(0, 50)
                    .mapToObj(number -> reserved.execute(
                            Query.named("q" + number).sql("SELECT 1").bind().build()))
                    .toList();
            stages.forEach(Stages::join);
            blocking.fail(new IllegalStateException("as it is"));
            assertThatThrownBy(
                            () -> reserved.execute(QUERY).toCompletableFuture().get())
                    .hasCause(new IllegalStateException("as it is"));
            blocking.fail(null);
        }
        assertThat(blocking.calls.subList(1, 51))
                .isEqualTo(IntStream.range(0, 50)
                        .mapToObj(number -> "reserved q" + number)
                        .toList());
        assertThat(blocking.calls).endsWith("reserved q", "give back");
        assertThat(blocking.threads.subList(1, 51)).doesNotContain(Thread.currentThread());
        Stages.join(threaded.closeAsync());
    }

    @Test
    void aThreadedConnectorThatIsNotOpenFailsReservedStatementsByTheirStages() {
        try (ReservedConnection reserved = threaded.reserve()) {
            assertThatThrownBy(() -> Stages.join(reserved.execute(QUERY))).isInstanceOf(AppNotOpenException.class);
        }
    }

    @Test
    void aThreadedConnectorOpensOnceAndAgainAfterClosing() {
        Stages.join(threaded.openAsync(null));
        Stages.join(threaded.openAsync(null));
        assertThat(blocking.calls).containsExactly("open null");
        Stages.join(threaded.closeAsync());
        Stages.join(threaded.closeAsync());
        assertThat(threaded.isOpen()).isFalse();

        Stages.join(threaded.openAsync(null));
        assertThat(threaded.isOpen()).isTrue();
        Stages.join(threaded.closeAsync());
    }

    @Test
    void aThreadedConnectorIsNotOpenForStagesWhereOnlyTheWrappedOneIs() {
        blocking.open(null);

        assertThat(threaded.isOpen()).isFalse();
        assertThatThrownBy(() -> Stages.join(threaded.execute(QUERY)))
                .isInstanceOf(AppNotOpenException.class)
                .hasMessageContaining("app.openAsync()");
        assertThatThrownBy(() -> Stages.join(threaded.runScript("x"))).isInstanceOf(AppNotOpenException.class);
        assertThatThrownBy(() -> threaded.listen(Set.of("c"), FakeListener.INSTANCE))
                .isInstanceOf(AppNotOpenException.class);
        assertThat(Stages.join(threaded.execute(QUERY, "connection"))).hasSize(1);
    }

    @Test
    void aThreadedConnectorFailsAsTheWrappedOneDoes() {
        ConnectorException failure = new ConnectorException("failed", null, true, null);
        blocking.fail(failure);
        assertThatThrownBy(() -> Stages.join(threaded.openAsync(null))).isSameAs(failure);
        assertThat(threaded.isOpen()).isFalse();
        assertThatThrownBy(() -> Stages.join(threaded.closeAsync())).isSameAs(failure);

        blocking.fail(null);
        Stages.join(threaded.openAsync(null));
        blocking.fail(failure);
        assertThatThrownBy(() -> Stages.join(threaded.execute(QUERY))).isSameAs(failure);
        assertThatThrownBy(() -> Stages.join(threaded.closeAsync())).isSameAs(failure);
        assertThat(threaded.isOpen()).isFalse();
    }

    @Test
    void aThreadedConnectorClosesTheWrappedOneOnAThreadOfItsOwn() {
        ConnectorException failure = new ConnectorException("failed", null, true, null);
        blocking.open(null);
        blocking.threads.clear();
        blocking.fail(failure);

        CompletionStage<@Nullable Void> closed = threaded.closeAsync();

        assertThatThrownBy(() -> Stages.join(closed)).isSameAs(failure);
        assertThat(blocking.threads).hasSize(1).doesNotContain(Thread.currentThread());
    }

    @Test
    void aSubscriptionThatIsMadeWhileTheConnectorClosesIsRefused() {
        FakeSyncConnector listening = new FakeSyncConnector("closing") {
            @Override
            public Set<Capability> capabilities() {
                close();
                return Set.of(Capability.values());
            }
        };
        AsyncConnector closing = ThreadedConnector.over(listening);
        Stages.join(closing.openAsync(null));

        assertThatThrownBy(() -> closing.listen(Set.of("c"), FakeListener.INSTANCE))
                .isInstanceOf(AppNotOpenException.class);
        Stages.join(closing.closeAsync());
    }

    @Test
    void aThreadedConnectorSaysThatItCannotListen() {
        Stages.join(threaded.openAsync(null));

        assertThatThrownBy(() -> threaded.listen(Set.of("c"), FakeListener.INSTANCE))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("'fake' cannot listen")
                .hasMessageContaining("the worker polls");
        Stages.join(threaded.closeAsync());
    }

    @Test
    void aBlockingConnectorWaitsForTheStages() {
        SyncConnector view = new BlockingConnector(threaded, settings);

        view.open("pool");
        assertThat(view.isOpen()).isTrue();
        assertThat(view.execute(QUERY)).containsExactly(FakeSyncConnector.ROW);
        assertThat(view.execute(QUERY, "connection")).hasSize(1);
        view.runScript("script");
        view.close();

        assertThat(blocking.calls)
                .containsExactly("open pool", "execute q", "execute q on connection", "script script", "close");
        assertThat(ThreadedConnector.over(view)).isSameAs(threaded);
        assertThat(view.name()).isEqualTo("fake");
        assertThat(view.capabilities()).doesNotContain(Capability.LISTEN);
        assertThatThrownBy(() -> view.listen(Set.of("c"))).isInstanceOf(ConnectorException.class);
    }

    @Test
    void aBlockingConnectorRefusesToBlockAThreadThatMustNot() {
        SyncConnector view = new BlockingConnector(new EventLoop(blocking), settings);
        List<ThrowingCallable> calls = List.of(
                () -> view.open(null),
                () -> view.execute(QUERY),
                () -> view.execute(QUERY, "connection"),
                () -> view.runScript("script"),
                view::close);

        for (ThrowingCallable call : calls) {
            assertThatThrownBy(call)
                    .isInstanceOf(BlockingNotAllowedException.class)
                    .hasMessageContaining(Thread.currentThread().getName())
                    .hasMessageContaining("'fake'")
                    .hasMessageContaining("Use the asynchronous call");
        }
        assertThat(blocking.calls).isEmpty();
    }

    @Test
    void theCounterpartBeforeOpeningIsOneOfItsOwnUntilItIsDropped() {
        AtomicInteger made = new AtomicInteger();
        FakeSyncConnector own = new FakeSyncConnector("own");
        SyncCounterpart counterpart = new SyncCounterpart(threaded, settings, () -> {
            made.incrementAndGet();
            return ThreadedConnector.over(own);
        });

        SyncConnector before = counterpart.get();
        assertThat(before).isSameAs(counterpart.get());
        assertThat(made).hasValue(1);
        before.open(null);
        before.execute(QUERY);
        assertThat(own.calls).containsExactly("open null", "execute q");
        assertThat(blocking.calls).isEmpty();

        Stages.join(threaded.openAsync(null));
        counterpart.drop();
        counterpart.drop();
        assertThat(own.calls).containsExactly("open null", "execute q", "close");
        counterpart.get().execute(QUERY);
        assertThat(blocking.calls).containsExactly("open null", "execute q");
        assertThat(made).hasValue(1);
        Stages.join(threaded.closeAsync());
    }

    @Test
    void droppingWhatWasNeverAskedForDoesNothing() {
        AtomicInteger made = new AtomicInteger();
        new SyncCounterpart(threaded, settings, () -> {
                    made.incrementAndGet();
                    return threaded;
                })
                .drop();

        assertThat(made).hasValue(0);
        assertThat(blocking.calls).isEmpty();
    }

    @Test
    void anExecutorOverABlockingConnectorIsDoneWhenItReturns() {
        QueryExecutor executor = QueryExecutor.blocking(() -> blocking);

        assertThat(executor.execute(QUERY, null).toCompletableFuture()).isCompletedExceptionally();
        blocking.open(null);
        assertThat(executor.execute(QUERY, null).toCompletableFuture())
                .isCompletedWithValue(List.of(FakeSyncConnector.ROW));
        assertThat(executor.execute(QUERY, "connection").toCompletableFuture()).isDone();
        assertThat(blocking.threads).containsOnly(Thread.currentThread());
        assertThat(blocking.calls).containsExactly("open null", "execute q", "execute q on connection");
    }

    /** Ignores all events. */
    private enum FakeListener implements NotificationListener {
        INSTANCE;

        @Override
        public void onListening() {
            throw new IllegalStateException("nothing listens");
        }

        @Override
        public void onNotification(Notification notification) {
            throw new IllegalStateException("nothing notifies");
        }

        @Override
        public void onLost(ConnectorException cause) {
            throw new IllegalStateException("nothing is lost");
        }
    }

    /** An asynchronous connector all of whose callers are on its event loop. */
    private record EventLoop(FakeSyncConnector blocking) implements AsyncConnector {

        @Override
        public String name() {
            return blocking.name();
        }

        @Override
        public Set<Capability> capabilities() {
            return blocking.capabilities();
        }

        @Override
        public boolean isOpen() {
            return blocking.isOpen();
        }

        @Override
        public SyncConnector sync() {
            return blocking;
        }

        @Override
        public CompletionStage<@Nullable Void> openAsync(@Nullable Object pool) {
            blocking.open(pool);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<@Nullable Void> closeAsync() {
            blocking.close();
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<List<Row>> execute(BoundQuery query) {
            return CompletableFuture.completedFuture(blocking.execute(query));
        }

        @Override
        public CompletionStage<List<Row>> execute(BoundQuery query, Object connection) {
            return CompletableFuture.completedFuture(blocking.execute(query, connection));
        }

        @Override
        public CompletionStage<@Nullable Void> runScript(String sql) {
            blocking.runScript(sql);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public Subscription listen(Collection<String> channels, NotificationListener listener) {
            throw new UnsupportedOperationException("does not listen");
        }

        @Override
        public ReservedConnection reserve() {
            return blocking.reserve();
        }

        @Override
        public boolean isOnNonBlockingThread() {
            return true;
        }
    }
}

package io.procrastinate.tck;

import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Subscription;
import io.procrastinate.exception.ConnectorException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;

/** Connectors whose subscriptions do not survive their connections, or report wrong events to their listeners. */
class BrokenSubscriptionsTest extends FaultsTest {

    private static final String AGAIN = "and after any loss made again with capped";
    private static final String LISTENS_NOW = "The connection is listening now, for the first time or again.";

    @Override
    Stream<Fault> faults() {
        return Stream.of(
                fault(
                        "listens again on the first channel only",
                        ConnectorTck.Reconnecting.class,
                        "listensAgainOnEveryChannel",
                        AGAIN,
                        FirstChannelOnly::new),
                fault(
                        "reports that it listens before it does",
                        ConnectorTck.Reconnecting.class,
                        "tellsThatItListensOnlyOnceItDoes",
                        LISTENS_NOW,
                        settings -> new Opening(settings, Late::new)),
                fault(
                        "reports that it listens while LISTEN is running",
                        ConnectorTck.Reconnecting.class,
                        "tellsThatItListensOnlyOnceItDoes",
                        LISTENS_NOW,
                        settings -> telling(settings, Hasty::new)),
                fault(
                        "does not ask whether the server is read-only",
                        ConnectorTck.Reconnecting.class,
                        "movesWhenItsServerIsNoLongerThePrimary",
                        "If ListeningCheck finds that its server is read-only, a connection counts as lost",
                        settings -> new Opening(settings, AnySignOfLife::new)),
                fault(
                        "listens where the server is read-only",
                        ConnectorTck.Reconnecting.class,
                        "doesNotListenWhereTheServerIsReadOnly",
                        "If ListeningCheck finds that its server is read-only, a connection counts as lost",
                        settings -> new Opening(settings, AnySignOfLife::new)),
                fault(
                        "accepts a server that is read-only",
                        ConnectorTck.Sessions.class,
                        "findsOutThatTheServerIsReadOnly",
                        "so that a server that has become read-only is detected, too",
                        settings -> new Opening(settings, AnySignOfLife::new)),
                fault(
                        "does not report losses",
                        ConnectorTck.Reconnecting.class,
                        "listensAgainAfterItsBackendWasTerminated",
                        "The listener is notified of every connection made and lost.",
                        settings -> telling(settings, (connector, listener) -> new Passing(listener) {
                            @Override
                            public void onLost(ConnectorException cause) {
                                // The loss is not reported.
                            }
                        })),
                fault(
                        "reports losses on another thread",
                        ConnectorTck.Reconnecting.class,
                        "tellsOneThingAtATime",
                        "Its methods are called one at a time, never concurrently; they must return quickly",
                        settings -> telling(settings, (connector, listener) -> new Passing(listener) {
                            @Override
                            public void onLost(ConnectorException cause) {
                                new Thread(() -> listener.onLost(cause), "tck-losses").start();
                            }
                        })),
                fault(
                        "delivers notifications from before a loss again",
                        ConnectorTck.Reconnecting.class,
                        "listensAgainAfterItsBackendWasTerminated",
                        AGAIN,
                        settings -> telling(settings, (connector, listener) -> new Repeats(listener))),
                fault(
                        "tries again without a pause",
                        ConnectorTck.Reconnecting.class,
                        "pausesBetweenAttemptsToConnect",
                        "capped, jittered backoff",
                        settings -> telling(settings, NeverPauses::new)),
                fault(
                        "ends all subscriptions with one",
                        ConnectorTck.Notifications.class,
                        "keepsSubscriptionsApart",
                        "until the subscription is closed",
                        EndsAll::new),
                fault(
                        "makes a listener that closes wait for itself",
                        ConnectorTck.Notifications.class,
                        "closesWhenItsListenerSaysSo",
                        "It does not block, and never throws.",
                        WaitsForItself::new),
                fault(
                        "goes on listening once it is closed",
                        ConnectorTck.Notifications.class,
                        "stopsWhenTheConnectorIsClosed",
                        "and every subscription",
                        GoesOn::new));
    }

    private static Fault fault(
            String name,
            Class<?> theme,
            String test,
            String sentence,
            Function<ConnectorSettings, Connector> connector) {
        return Fault.of(name, theme, test, sentence, connector);
    }

    /** A connector that changes the calls of its listeners. */
    private static Connector telling(
            ConnectorSettings settings, BiFunction<Telling, NotificationListener, NotificationListener> change) {
        return new Telling(settings, change);
    }

    private static class Telling extends SmallAsyncConnector {

        private final BiFunction<Telling, NotificationListener, NotificationListener> change;

        Telling(ConnectorSettings settings, BiFunction<Telling, NotificationListener, NotificationListener> change) {
            super(settings);
            this.change = change;
        }

        @Override
        public Subscription listen(Collection<String> channels, NotificationListener listener) {
            NotificationListener told = change.apply(this, listener);
            Subscription subscription = super.listen(channels, told);
            if (told instanceof Hasty) {
                told.onListening();
            }
            return subscription;
        }
    }

    /** Passes all calls on. */
    private static class Passing implements NotificationListener {

        final NotificationListener listener;

        Passing(NotificationListener listener) {
            this.listener = listener;
        }

        @Override
        public void onListening() {
            listener.onListening();
        }

        @Override
        public void onNotification(Notification notification) {
            listener.onNotification(notification);
        }

        @Override
        public void onLost(ConnectorException cause) {
            listener.onLost(cause);
        }
    }

    /** Reports the first connection when it is started, not when it listens. */
    private static final class Hasty extends Passing {

        private final AtomicInteger told = new AtomicInteger();

        Hasty(Telling connector, NotificationListener listener) {
            super(listener);
            assert connector.capabilities() != null;
        }

        @Override
        public void onListening() {
            if (told.getAndIncrement() != 1) {
                super.onListening();
            }
        }
    }

    private static final class Repeats extends Passing {

        private final List<Notification> all = new ArrayList<>();

        Repeats(NotificationListener listener) {
            super(listener);
        }

        @Override
        public void onListening() {
            super.onListening();
            all.forEach(super::onNotification);
        }

        @Override
        public void onNotification(Notification notification) {
            all.add(notification);
            super.onNotification(notification);
        }
    }

    /** How a broken connector begins to listen on a connection. */
    @FunctionalInterface
    private interface Session {
        ListenSession on(Connection connection, Collection<String> channels) throws SQLException;
    }

    private static final class Opening extends SmallConnector {

        private final Session session;

        Opening(ConnectorSettings settings, Session session) {
            super(settings);
            this.session = session;
        }

        @Override
        public ListenSession listen(Collection<String> channels) {
            pool();
            try {
                return session.on(SmallPool.connect(settings.forListening()), channels);
            } catch (SQLException e) {
                throw failure("Listening", e);
            }
        }
    }

    /** Begins to listen when it is first asked for notifications. */
    private static final class Late extends SmallSession {

        private final Collection<String> channels;
        private boolean listens;

        Late(Connection connection, Collection<String> channels) throws SQLException {
            super(connection, List.of());
            this.channels = channels;
        }

        @Override
        public List<Notification> await(Duration timeout) {
            if (!listens) {
                try {
                    listenOn(channels);
                } catch (SQLException e) {
                    throw SmallConnector.translated("Listening", e);
                }
                listens = true;
            }
            return super.await(timeout);
        }
    }

    private static final class AnySignOfLife extends SmallSession {

        AnySignOfLife(Connection connection, Collection<String> channels) throws SQLException {
            super(connection, channels);
        }

        @Override
        String question() {
            return "SELECT 'off'";
        }
    }

    private static final class FirstChannelOnly extends SmallConnector {

        private final AtomicInteger times = new AtomicInteger();

        FirstChannelOnly(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public ListenSession listen(Collection<String> channels) {
            return super.listen(
                    times.getAndIncrement() == 0
                            ? channels
                            : List.of(channels.iterator().next()));
        }
    }

    /** Tries again a hundred times in a row, each of which fails as the first did. */
    private static final class NeverPauses extends Passing {

        NeverPauses(Telling connector, NotificationListener listener) {
            super(listener);
            assert connector.capabilities() != null;
        }

        @Override
        public void onLost(ConnectorException cause) {
            for (int time = 0; time < 100; time++) {
                super.onLost(cause);
            }
        }
    }

    private static final class EndsAll extends SmallAsyncConnector {

        private final List<Subscription> all = new ArrayList<>();

        EndsAll(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public Subscription listen(Collection<String> channels, NotificationListener listener) {
            all.add(super.listen(channels, listener));
            return () -> all.forEach(Subscription::close);
        }
    }

    /** Waits for the running call of the listener. */
    private static final class WaitsForItself extends SmallAsyncConnector {

        WaitsForItself(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public Subscription listen(Collection<String> channels, NotificationListener listener) {
            ExecutorService caller = Executors.newSingleThreadExecutor(task -> {
                Thread thread = new Thread(task, "tck-listener");
                thread.setDaemon(true);
                return thread;
            });
            Subscription below = super.listen(channels, new NotificationListener() {
                @Override
                public void onListening() {
                    caller.execute(listener::onListening);
                }

                @Override
                public void onNotification(Notification notification) {
                    caller.execute(() -> listener.onNotification(notification));
                }

                @Override
                public void onLost(ConnectorException cause) {
                    caller.execute(() -> listener.onLost(cause));
                }
            });
            return () -> {
                below.close();
                try {
                    caller.submit(() -> {}).get(6, TimeUnit.SECONDS); // longer than the kit waits here
                } catch (InterruptedException | ExecutionException | TimeoutException e) {
                    throw new IllegalStateException(e);
                }
            };
        }
    }

    /** Closing it forgets the subscriptions. */
    private static final class GoesOn extends SmallAsyncConnector {

        private final SmallAsyncConnector other;

        GoesOn(ConnectorSettings settings) {
            super(settings);
            this.other = new SmallAsyncConnector(settings);
        }

        @Override
        public Subscription listen(Collection<String> channels, NotificationListener listener) {
            other.openAsync(null).toCompletableFuture().join();
            return other.listen(channels, listener);
        }
    }
}

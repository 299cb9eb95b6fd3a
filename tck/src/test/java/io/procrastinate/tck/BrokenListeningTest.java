package io.procrastinate.tck;

import io.procrastinate.adapter.BlockingConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.Subscription;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Connectors that lose notifications, or confuse blocking calls and stages. */
class BrokenListeningTest extends FaultsTest {

    private static final ConnectorSettings DEFAULTS = ConnectorSettings.defaults();

    private static final String ORDER = "A notification arrived.";

    @Override
    Stream<Fault> faults() {
        return Stream.of(
                notified("delivers notifications twice", "deliversTenThousandInOrder", ORDER, arriving(list -> {
                    List<Notification> twice = new ArrayList<>(list);
                    twice.addAll(list);
                    return twice;
                })),
                notified("reverses the order of notifications", "deliversTenThousandInOrder", ORDER, arriving(list -> {
                    List<Notification> reversed = new ArrayList<>(list);
                    Collections.reverse(reversed);
                    return reversed;
                })),
                notified(
                        "keeps one notification of those that arrive together",
                        "deliversTenThousandInOrder",
                        ORDER,
                        arriving(list -> list.isEmpty() ? list : list.subList(list.size() - 1, list.size()))),
                notified(
                        "does not quote channels",
                        "listensOnChannelsOfAnyName",
                        "any text is a valid channel name",
                        listening((connector, channels) -> connector.session(channels.stream()
                                .map(channel ->
                                        channel.replaceAll("[^a-zA-Z0-9_]", "_").toLowerCase(java.util.Locale.ROOT))
                                .toList()))),
                notified(
                        "listens on a connection of the pool",
                        "usesNoConnectionOfThePool",
                        "on a connection that queries do not use",
                        settings -> new ListeningConnector(
                                settings.toBuilder()
                                        .connectTimeout(Duration.ofSeconds(1))
                                        .build(),
                                (connector, channels) -> new SmallSession(connector.borrow(), channels))),
                notified(
                        "ignores the URL for listening",
                        "listensAtTheUrlForListening",
                        "A separate URL for the connection that listens",
                        listening((connector, channels) ->
                                new SmallSession(SmallPool.connect(connector.settings), channels))),
                Fault.of(
                        "forgets to listen again after a loss",
                        ConnectorTck.Reconnecting.class,
                        "listensAgainAfterItsBackendWasTerminated",
                        "and after any loss made again with capped",
                        ForgetsToListen::new),
                Fault.of(
                        "does not report that it listens again",
                        ConnectorTck.Reconnecting.class,
                        "listensAgainAfterItsBackendWasTerminated",
                        "The listener is notified of every connection made and lost.",
                        TellsOnce::new),
                Fault.of(
                        "answers every ping without the server",
                        ConnectorTck.Sessions.class,
                        "findsOutThatTheConnectionIsHalfOpen",
                        "if the server does not answer in time",
                        listening((connector, channels) -> new Wrapped(connector.session(channels), list -> list) {
                            @Override
                            public void ping(Duration deadline) {
                                // Checks only the client's side.
                            }
                        })),
                staged(
                        "wraps exceptions",
                        ConnectorTck.Errors.class,
                        "wrapsNoException",
                        "Failures complete the stage with the exceptions",
                        connector -> new Stage() {
                            @Override
                            public CompletionStage<List<Row>> execute(BoundQuery query) {
                                return connector.below.execute(query).thenApply(rows -> rows);
                            }
                        }),
                staged(
                        "no method that returns a stage throws an exception itself",
                        ConnectorTck.Lifecycle.class,
                        "refusesCallsBeforeItIsOpened",
                        "if the connector is not open",
                        connector -> query -> {
                            if (!connector.isOpen()) {
                                throw new AppNotOpenException("not open");
                            }
                            return connector.below.execute(query);
                        }),
                staged(
                        "never completes at the deadline",
                        ConnectorTck.Errors.class,
                        "aPassedDeadlineIsTransient",
                        "Every stage completes, at the latest when the query's deadline has passed.",
                        connector -> query -> query.deadline(DEFAULTS).equals(DEFAULTS.statementTimeout())
                                ? connector.below.execute(query)
                                : new CompletableFuture<>()),
                staged(
                        "works on the caller's thread",
                        ConnectorTck.SyncAndAsync.class,
                        "callsReturnAtOnce",
                        "A connector whose calls return immediately",
                        connector -> query -> CompletableFuture.completedFuture(
                                connector.below.sync().execute(query))),
                Fault.of(
                        "makes a new counterpart each time",
                        ConnectorTck.SyncAndAsync.class,
                        "hasOneSynchronousCounterpartBeforeItIsOpened",
                        "always the same one, until it is opened",
                        settings -> new SmallAsyncConnector(settings) {
                            @Override
                            public SyncConnector sync() {
                                return isOpen() ? super.sync() : new SmallConnector(settings);
                            }
                        }),
                Fault.of(
                        "leaves the counterpart open",
                        ConnectorTck.SyncAndAsync.class,
                        "openingAsynchronouslyClosesTheCounterpart",
                        "A synchronous counterpart that sync() has made is closed.",
                        settings -> new SmallAsyncConnector(settings) {
                            private final SyncConnector counterpart = new SmallConnector(settings);

                            @Override
                            public SyncConnector sync() {
                                return isOpen() ? super.sync() : counterpart;
                            }
                        }),
                Fault.of(
                        "lets the event loop wait for other callers",
                        ConnectorTck.SyncAndAsync.class,
                        "aBlockingCallInACallbackWorksOrIsRefused",
                        "Whether the current thread is one that must never wait for this connector",
                        settings -> new SmallAsyncConnector(settings) {
                            @Override
                            public SyncConnector sync() {
                                return below.sync();
                            }
                        }),
                Fault.of(
                        "blocks the event loop",
                        ConnectorTck.SyncAndAsync.class,
                        "aBlockingCallInACallbackWorksOrIsRefused",
                        "instead of deadlocking",
                        settings -> new SmallAsyncConnector(settings) {
                            @Override
                            public SyncConnector sync() {
                                return new BlockingConnector(this, settings);
                            }

                            @Override
                            public boolean isOnNonBlockingThread() {
                                return false;
                            }
                        }));
    }

    private static Fault notified(
            String name, String test, String sentence, Function<ConnectorSettings, Connector> connector) {
        return Fault.of(name, ConnectorTck.Notifications.class, test, sentence, connector);
    }

    private static Fault staged(
            String name, Class<?> theme, String test, String sentence, Function<SmallAsyncConnector, Stage> calls) {
        return Fault.of(name, theme, test, sentence, settings -> new SmallAsyncConnector(settings) {
            @Override
            public CompletionStage<List<Row>> execute(BoundQuery query) {
                return calls.apply(this).execute(query);
            }
        });
    }

    private static Function<ConnectorSettings, Connector> arriving(UnaryOperator<List<Notification>> change) {
        return listening((connector, channels) -> new Wrapped(connector.session(channels), change));
    }

    private static Function<ConnectorSettings, Connector> listening(Opening opening) {
        return settings -> new ListeningConnector(settings, opening);
    }

    /** How a broken connector executes. */
    @FunctionalInterface
    private interface Stage {
        CompletionStage<List<Row>> execute(BoundQuery query);
    }

    /** How a broken connector begins to listen. */
    @FunctionalInterface
    private interface Opening {
        ListenSession listen(ListeningConnector connector, Collection<String> channels) throws SQLException;
    }

    private static class ListeningConnector extends SmallConnector {
        private final Opening opening;

        ListeningConnector(ConnectorSettings settings, Opening opening) {
            super(settings);
            this.opening = opening;
        }

        ListenSession session(Collection<String> channels) {
            return super.listen(channels);
        }

        @Override
        public ListenSession listen(Collection<String> channels) {
            try {
                return opening.listen(this, channels);
            } catch (SQLException e) {
                throw failure("Listening", e);
            }
        }
    }

    private static class Wrapped implements ListenSession {
        private final ListenSession session;
        private final UnaryOperator<List<Notification>> change;

        Wrapped(ListenSession session, UnaryOperator<List<Notification>> change) {
            this.session = session;
            this.change = change;
        }

        @Override
        public List<Notification> await(Duration timeout) {
            return change.apply(session.await(timeout));
        }

        @Override
        public void ping(Duration deadline) {
            session.ping(deadline);
        }

        @Override
        public void close() {
            session.close();
        }
    }

    private static final class ForgetsToListen extends SmallConnector {
        private final AtomicInteger times = new AtomicInteger();

        ForgetsToListen(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public ListenSession listen(Collection<String> channels) {
            return super.listen(times.getAndIncrement() == 0 ? channels : List.of("another channel"));
        }
    }

    private static final class TellsOnce extends SmallAsyncConnector {
        TellsOnce(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public Subscription listen(Collection<String> channels, NotificationListener listener) {
            AtomicInteger times = new AtomicInteger();
            return super.listen(channels, new NotificationListener() {
                @Override
                public void onListening() {
                    if (times.getAndIncrement() == 0) {
                        listener.onListening();
                    }
                }

                @Override
                public void onNotification(Notification notification) {
                    listener.onNotification(notification);
                }

                @Override
                public void onLost(ConnectorException cause) {
                    listener.onLost(cause);
                }
            });
        }
    }
}

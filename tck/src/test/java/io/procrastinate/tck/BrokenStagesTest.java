package io.procrastinate.tck;

import io.procrastinate.connector.Connector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Subscription;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.exception.ConnectorException;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Asynchronous connectors that ignore what happens concurrently. */
class BrokenStagesTest extends FaultsTest {

    @Override
    Stream<Fault> faults() {
        return Stream.of(
                Fault.of(
                        "closes nothing while it is being opened",
                        ConnectorTck.SyncAndAsync.class,
                        "closesWhatIsBeingOpened",
                        "If the connector is still being opened, that finishes first",
                        ClosesTooEarly::new),
                counterpart(
                        "has a counterpart of another database",
                        "itsCounterpartReachesTheSameDatabase",
                        "a real synchronous connector with the same settings",
                        settings -> new Apart(
                                settings,
                                new SmallConnector(settings.toBuilder()
                                        .database("postgres")
                                        .build()))),
                counterpart(
                        "has a counterpart that takes other pools",
                        "itsCounterpartTakesNoPoolThatItDoesNotTakeItself",
                        "which refuses the threads and the pools that the asynchronous one would refuse",
                        settings -> new Apart(settings, new SmallConnector(settings)) {
                            @Override
                            public boolean accepts(Object pool) {
                                return false;
                            }
                        }),
                counterpart(
                        "has a counterpart that blocks the event loop",
                        "aCallbackMayBlockNoMoreBeforeItIsOpened",
                        "Blocking calls on such a thread fail immediately",
                        settings -> new Apart(settings, new SmallConnector(settings))),
                counterpart(
                        "opens a second pool for blocking calls",
                        "bothKindsOfCallsShareOnePool",
                        "and once it is open, itself behind calls that wait",
                        settings -> new Apart(settings, new SmallConnector(settings)) {
                            @Override
                            public CompletionStage<@Nullable Void> openAsync(@Nullable Object pool) {
                                sync().open(pool);
                                return super.openAsync(pool);
                            }

                            @Override
                            public SyncConnector sync() {
                                return apart;
                            }
                        }),
                counterpart(
                        "opens its counterpart by itself once it is closed",
                        "theCounterpartIsClosedWithIt",
                        "has not been opened or is closed",
                        settings -> new Apart(settings, new SmallConnector(settings)) {
                            private boolean wasOpen;

                            @Override
                            public CompletionStage<@Nullable Void> closeAsync() {
                                wasOpen = true;
                                return super.closeAsync();
                            }

                            @Override
                            public SyncConnector sync() {
                                if (wasOpen) {
                                    apart.open(null);
                                }
                                return super.sync();
                            }
                        }),
                Fault.of(
                        "connects no more once its listener has thrown",
                        ConnectorTck.Notifications.class,
                        "survivesAListenerThatThrows",
                        "If one of them throws nevertheless, the connector continues",
                        EndsWithItsListener::new));
    }

    private static Fault counterpart(
            String name, String test, String sentence, Function<ConnectorSettings, Connector> connector) {
        return Fault.of(name, ConnectorTck.SyncAndAsync.class, test, sentence, connector);
    }

    /** Has a counterpart, until it is open, that knows nothing of it. */
    private static class Apart extends SmallAsyncConnector {
        final SyncConnector apart;

        Apart(ConnectorSettings settings, SyncConnector apart) {
            super(settings);
            this.apart = apart;
        }

        @Override
        public SyncConnector sync() {
            return isOpen() ? super.sync() : apart;
        }
    }

    private static final class ClosesTooEarly extends SmallAsyncConnector {
        ClosesTooEarly(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public CompletionStage<@Nullable Void> closeAsync() {
            return isOpen() ? super.closeAsync() : CompletableFuture.completedFuture(null);
        }
    }

    private static final class EndsWithItsListener extends SmallAsyncConnector {
        EndsWithItsListener(ConnectorSettings settings) {
            super(settings);
        }

        @Override
        public Subscription listen(Collection<String> channels, NotificationListener listener) {
            CompletableFuture<Subscription> itself = new CompletableFuture<>();
            Subscription subscription = super.listen(channels, new NotificationListener() {
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
                    try {
                        listener.onLost(cause);
                    } catch (RuntimeException | Error e) {
                        itself.join().close();
                        throw e;
                    }
                }
            });
            itself.complete(subscription);
            return subscription;
        }
    }
}

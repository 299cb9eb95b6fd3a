package io.procrastinate.tck;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Subscription;
import io.procrastinate.exception.ConnectorException;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
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
                Fault.of(
                        "connects no more once its listener has thrown",
                        ConnectorTck.Notifications.class,
                        "survivesAListenerThatThrows",
                        "If one of them throws nevertheless, the connector continues",
                        EndsWithItsListener::new));
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

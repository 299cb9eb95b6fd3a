package io.procrastinate.monitor;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Subscription;
import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** Listens, sends a notification, and says whether it arrives. */
final class NotificationCheck implements NotificationListener {

    private final AsyncConnector connector;
    private final Query notify;
    private final Duration limit;
    private final String channel =
            "procrastinate_java_doctor_" + UUID.randomUUID().toString().replace("-", "");
    private final CompletableFuture<Boolean> listening = new CompletableFuture<>();
    private final CompletableFuture<Boolean> received = new CompletableFuture<>();

    /**
     * Prepares a check.
     *
     * @param notify sends a notification on its parameter {@code channel}
     * @param limit how long listening may take, and then the notification
     */
    NotificationCheck(AsyncConnector connector, Query notify, Duration limit) {
        this.connector = connector;
        this.notify = notify;
        this.limit = limit;
    }

    CompletionStage<Boolean> run() {
        Subscription subscription = connector.listen(List.of(channel), this);
        return within(listening)
                .thenCompose(listens -> listens ? send() : CompletableFuture.completedFuture(false))
                .whenComplete((arrived, failure) -> subscription.close());
    }

    private CompletionStage<Boolean> send() {
        return connector.execute(notify.bind().set("channel", channel).build()).thenCompose(sent -> within(received));
    }

    private CompletableFuture<Boolean> within(CompletableFuture<Boolean> event) {
        return event.completeOnTimeout(false, limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void onListening() {
        listening.complete(true);
    }

    @Override
    public void onNotification(Notification notification) {
        received.complete(true);
    }

    @Override
    public void onLost(ConnectorException cause) {
        // The time-out reports it.
    }
}

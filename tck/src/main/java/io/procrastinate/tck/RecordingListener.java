package io.procrastinate.tck;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.exception.ConnectorException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A listener that records every call, in order. */
class RecordingListener implements NotificationListener {

    /** What {@link #events} shows for a connection that listens. */
    static final String LISTENING = "listening";

    /** What {@link #events} shows for a connection that was lost. */
    static final String LOST = "lost";

    private final List<String> events = new ArrayList<>();
    private final List<Notification> notifications = new ArrayList<>();
    private final List<ConnectorException> losses = new ArrayList<>();
    private final AtomicInteger inside = new AtomicInteger();
    private volatile @Nullable AssertionError overlap;

    @Override
    public void onListening() {
        inside(() -> events.add(LISTENING));
    }

    @Override
    public void onNotification(Notification notification) {
        inside(() -> {
            events.add(notification.payload());
            notifications.add(notification);
        });
    }

    @Override
    public void onLost(ConnectorException cause) {
        inside(() -> {
            events.add(LOST);
            losses.add(cause);
        });
    }

    /** Wraps every call of the listener. */
    void inside(Runnable note) {
        if (inside.incrementAndGet() > 1) {
            overlap = new AssertionError("The listener was called by two threads at the same time");
        }
        synchronized (this) {
            note.run();
        }
        inside.decrementAndGet();
    }

    /** Records an event that is not reported to the listener. */
    synchronized void note(String event) {
        events.add(event);
    }

    synchronized List<String> events() {
        return List.copyOf(events);
    }

    synchronized List<Notification> notifications() {
        return List.copyOf(notifications);
    }

    synchronized List<String> payloads() {
        return notifications.stream().map(Notification::payload).toList();
    }

    synchronized List<ConnectorException> losses() {
        return List.copyOf(losses);
    }

    long times(String event) {
        return events().stream().filter(event::equals).count();
    }

    /** Waits until the connection listens for the n-th time. */
    void awaitListening(int times) {
        Patience.untilAsserted(
                "onListening() to be called " + times + " times",
                () -> assertThat(times(LISTENING))
                        .as("calls of onListening(); the listener received %s", last(events()))
                        .isGreaterThanOrEqualTo(times));
    }

    /** Waits until a notification with a payload has arrived. */
    void awaitPayload(String payload) {
        Patience.untilAsserted(
                "the notification '" + payload + "' to arrive",
                () -> assertThat(payloads().contains(payload))
                        .as("whether '%s' arrived; the listener received %s", payload, last(events()))
                        .isTrue());
    }

    private static List<String> last(List<String> events) {
        return events.subList(Math.max(0, events.size() - 20), events.size());
    }

    void assertNeverOverlapped() {
        AssertionError seen = overlap;
        if (seen != null) {
            throw seen;
        }
    }
}

package io.procrastinate.connector.vertx;

import io.procrastinate.connector.Backoff;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Subscription;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ProcrastinateException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxException;
import io.vertx.pgclient.PgNotification;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one connection that listens alive until it is closed. Everything but {@link #close()} happens on one event loop, so
 * that the listener hears one thing at a time.
 */
final class Listening implements Subscription {

    /** A connection on which nothing arrives for so long is pinged, so that a half-open one is found out. */
    private static final Duration PING_AFTER = Duration.ofSeconds(5);

    private static final Duration PING_LIMIT = Duration.ofSeconds(5);

    private static final Logger LOGGER = LoggerFactory.getLogger(Listening.class);

    private final Vertx vertx;
    private final Dialer dialer;
    private final String listen;
    private final NotificationListener listener;
    private final Consumer<Listening> onClose;
    private final Context context;
    private @Nullable Link current;
    private long lastHeard;
    private int failures;
    private volatile boolean closed;

    Listening(
            Vertx vertx,
            Dialer dialer,
            Collection<String> channels,
            NotificationListener listener,
            Consumer<Listening> onClose) {
        this.vertx = vertx;
        this.dialer = dialer;
        this.listener = listener;
        this.onClose = onClose;
        this.context = vertx.getOrCreateContext();
        this.listen = channels.stream()
                .map(channel -> "LISTEN " + Identifiers.quote(channel))
                .collect(Collectors.joining("; "));
    }

    void start() {
        context.runOnContext(nothing -> connect());
    }

    private void connect() {
        if (closed) {
            return;
        }
        dialer.dial(context).onComplete(dialed -> {
            if (dialed.failed()) {
                lost(dialed.cause());
            } else {
                begin(dialed.result());
            }
        });
    }

    private void begin(Link link) {
        if (closed) {
            link.close();
            return;
        }
        current = link;
        link.connection().notificationHandler(notification -> heard(link, notification));
        link.onClosed(() -> context.runOnContext(
                nothing -> lost(link, new VertxException("the server or the network closed the connection", true))));
        link.connection()
                .query(listen)
                .execute()
                .timeout(Millis.of(dialer.settings().connectTimeout()), TimeUnit.MILLISECONDS)
                .onComplete(listened -> {
                    if (listened.failed()) {
                        lost(link, listened.cause());
                    } else if (link == current) {
                        failures = 0;
                        lastHeard = System.nanoTime();
                        tell(listener::onListening);
                        pingAfter(link, PING_AFTER);
                    }
                });
    }

    private void heard(Link link, PgNotification notification) {
        if (link == current) {
            lastHeard = System.nanoTime();
            tell(() -> listener.onNotification(
                    new Notification(notification.getChannel(), String.valueOf(notification.getPayload()))));
        }
    }

    private void pingAfter(Link link, Duration delay) {
        vertx.setTimer(Millis.of(delay), fired -> {
            if (link != current) {
                return;
            }
            Duration left = PING_AFTER.minusNanos(System.nanoTime() - lastHeard);
            if (left.compareTo(Duration.ZERO) > 0) {
                pingAfter(link, left);
                return;
            }
            link.ping(PING_LIMIT).onComplete(answered -> {
                if (answered.failed()) {
                    lost(link, answered.cause());
                } else if (link == current) {
                    lastHeard = System.nanoTime();
                    pingAfter(link, PING_AFTER);
                }
            });
        });
    }

    /** Hears of a connection that may have been given up already: its end shows in several ways. */
    private void lost(Link link, Throwable cause) {
        if (link == current) {
            current = null;
            link.close();
            lost(cause);
        }
    }

    private void lost(Throwable cause) {
        if (closed) {
            return;
        }
        failures++;
        ConnectorException reported = reported(cause);
        tell(() -> listener.onLost(reported));
        vertx.setTimer(Millis.of(Backoff.RECONNECT.after(failures)), fired -> connect());
    }

    private ConnectorException reported(Throwable cause) {
        String attempt = "Listening on " + dialer.settings().target();
        if (cause instanceof TimeoutException) {
            return new ConnectorException(attempt + " failed: the server no longer answers", null, true, cause);
        }
        ProcrastinateException failure = Failures.of(attempt, cause);
        return failure instanceof ConnectorException known
                ? known
                : new ConnectorException(attempt + " failed: " + failure.getMessage(), null, true, failure);
    }

    /** A listener must not throw; one that does must not end the listening. */
    private void tell(Runnable call) {
        if (closed) {
            return;
        }
        try {
            call.run();
        } catch (RuntimeException | Error e) { // what follows a call keeps the worker from being deaf
            LOGGER.error("A notification listener threw an exception", e);
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        dialer.close();
        onClose.accept(this);
        context.runOnContext(nothing -> {
            Link link = current;
            current = null;
            if (link != null) {
                link.close();
            }
        });
    }
}

package io.procrastinate.connector.vertx;

import io.procrastinate.connector.Identifiers;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Subscription;
import io.procrastinate.driver.Backoff;
import io.procrastinate.driver.ListeningCheck;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ProcrastinateException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxException;
import io.vertx.pgclient.PgNotification;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one listening connection alive until it is closed. Everything but {@link #close()} happens on one event loop,
 * so that the listener is called for one event at a time.
 */
final class VertxSubscription implements Subscription {

    private static final Logger LOGGER = LoggerFactory.getLogger(VertxSubscription.class);

    private final Vertx vertx;
    private final LinkSource dialer;
    private final String listen;
    private final NotificationListener listener;
    private final Consumer<VertxSubscription> onClose;
    private final Context context;
    private @Nullable Link current;
    private int failures;
    private volatile boolean closed;

    VertxSubscription(
            Vertx vertx,
            LinkSource dialer,
            Collection<String> channels,
            NotificationListener listener,
            Consumer<VertxSubscription> onClose) {
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
        here(dialer.dial(context)).onComplete(dialed -> {
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
        link.connection()
                .notificationHandler(notification -> context.runOnContext(nothing -> received(link, notification)));
        link.onClosed(() -> context.runOnContext(
                nothing -> lost(link, new VertxException("the server or the network closed the connection", true))));
        // Asked before LISTEN: what arrives after it is for the listener, which must be called first.
        here(link.askForSignOfLife()
                        .compose(answered -> link.connection().query(listen).execute())
                        .timeout(Millis.of(dialer.settings().connectTimeout()), TimeUnit.MILLISECONDS))
                .onComplete(listened -> {
                    if (listened.failed()) {
                        lost(link, listened.cause());
                    } else if (link == current) {
                        failures = 0;
                        tell(listener::onListening);
                        askAgain(link);
                    }
                });
    }

    private void received(Link link, PgNotification notification) {
        if (link == current) {
            tell(() -> listener.onNotification(
                    new Notification(notification.getChannel(), String.valueOf(notification.getPayload()))));
        }
    }

    private void askAgain(Link link) {
        vertx.setTimer(Millis.of(ListeningCheck.PAUSE), fired -> {
            if (link == current) {
                ask(link).onSuccess(answered -> askAgain(link));
            }
        });
    }

    private Future<?> ask(Link link) {
        return here(link.askForSignOfLife()).onFailure(failure -> lost(link, failure));
    }

    /** Checks the connection now: on another connection the server was read-only. May be called on any thread. */
    void doubt() {
        context.runOnContext(nothing -> {
            Link link = current;
            if (link != null) {
                ask(link).onSuccess(answered -> LOGGER.debug("The server that is listened to can be written to"));
            }
        });
    }

    /** Continues on our event loop: a connection of the application's pool answers on others. */
    private <T> Future<T> here(Future<T> elsewhere) {
        Promise<T> answer = Promise.promise();
        elsewhere.onComplete(ended -> context.runOnContext(nothing -> {
            if (ended.succeeded()) {
                answer.complete(ended.result());
            } else {
                answer.fail(ended.cause());
            }
        }));
        return answer.future();
    }

    /** Handles the end of a connection, which is reported in several ways and may have been handled already. */
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
        String attempt = "Listening on " + dialer.target();
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
        } catch (RuntimeException
                | Error e) { // what follows this call must run, or the worker would receive no more notifications
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

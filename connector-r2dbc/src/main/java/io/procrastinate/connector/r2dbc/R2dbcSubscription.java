package io.procrastinate.connector.r2dbc;

import io.netty.util.concurrent.EventExecutor;
import io.procrastinate.connector.Identifiers;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Subscription;
import io.procrastinate.driver.Backoff;
import io.procrastinate.driver.ListeningCheck;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ProcrastinateException;
import java.io.IOException;
import java.util.Collection;
import java.util.concurrent.RejectedExecutionException;
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
final class R2dbcSubscription implements Subscription {

    private static final Logger LOGGER = LoggerFactory.getLogger(R2dbcSubscription.class);

    private final LinkSource dialer;
    private final String listen;
    private final NotificationListener listener;
    private final Consumer<R2dbcSubscription> onClose;
    private final EventExecutor loop;
    private @Nullable Link current;
    private int failures;
    private volatile boolean closed;

    R2dbcSubscription(
            EventExecutor loop,
            LinkSource dialer,
            Collection<String> channels,
            NotificationListener listener,
            Consumer<R2dbcSubscription> onClose) {
        this.dialer = dialer;
        this.listener = listener;
        this.onClose = onClose;
        this.loop = loop;
        this.listen = channels.stream()
                .map(channel -> "LISTEN " + Identifiers.quote(channel))
                .collect(Collectors.joining("; "));
    }

    void start() {
        loop.execute(this::connect);
    }

    private void connect() {
        if (closed) {
            return;
        }
        here(dialer.dial()).onComplete((link, failure) -> {
            if (link != null) {
                begin(link);
            } else if (failure != null) {
                lost(failure);
            }
        });
    }

    private void begin(Link link) {
        if (closed) {
            link.close();
            return;
        }
        current = link;
        // On the driver's connection: a pool's has no notifications.
        link.listenTo(
                notification -> onLoop(() -> received(link, notification)),
                () -> onLoop(() -> lost(link, new IOException("the server or the network closed the connection"))));
        // Asked before LISTEN: what arrives after it is for the listener, which must be called first.
        here(link.askForSignOfLife()
                        .compose(answered -> Answers.execute(link.connection().createStatement(listen)))
                        .timeout(dialer.settings().connectTimeout()))
                .onComplete((listened, failure) -> {
                    if (failure != null) {
                        lost(link, failure);
                    } else if (link == current) {
                        failures = 0;
                        tell(listener::onListening);
                        askAgain(link);
                    }
                });
    }

    private void received(Link link, io.r2dbc.postgresql.api.Notification notification) {
        if (link == current) {
            tell(() -> listener.onNotification(
                    new Notification(notification.getName(), String.valueOf(notification.getParameter()))));
        }
    }

    private void askAgain(Link link) {
        Timers.after(
                ListeningCheck.PAUSE,
                () -> onLoop(() -> {
                    if (link == current) {
                        ask(link).onSuccess(answered -> askAgain(link));
                    }
                }));
    }

    private Future<?> ask(Link link) {
        return here(link.askForSignOfLife()).onFailure(failure -> lost(link, failure));
    }

    /** Checks the connection now: on another connection the server was read-only. May be called on any thread. */
    void doubt() {
        onLoop(() -> {
            Link link = current;
            if (link != null) {
                ask(link).onSuccess(answered -> LOGGER.debug("The server that is listened to can be written to"));
            }
        });
    }

    /** Continues on our event loop: a connection of the application's pool answers on others. */
    private <T extends @Nullable Object> Future<T> here(Future<T> elsewhere) {
        Promise<T> answer = new Promise<>();
        elsewhere.onComplete((result, failure) -> onLoop(() -> {
            if (failure == null) {
                answer.complete(result);
            } else {
                answer.fail(failure);
            }
        }));
        return answer.future();
    }

    private void onLoop(Runnable action) {
        try {
            loop.execute(action);
        } catch (RejectedExecutionException e) {
            LOGGER.debug("The connector was closed", e);
        }
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
        Timers.after(Backoff.RECONNECT.after(failures), () -> onLoop(this::connect));
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
        onLoop(() -> {
            Link link = current;
            current = null;
            if (link != null) {
                link.close();
            }
        });
    }
}

package io.procrastinate.adapter;

import io.procrastinate.connector.ListenSession;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Subscription;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.Backoff;
import io.procrastinate.driver.BlockingThreads;
import io.procrastinate.driver.ListeningCheck;
import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps one {@link ListenSession} of a synchronous connector alive, on a thread of its own, until it is closed. */
final class ListenLoop implements Subscription, Runnable {

    /** How soon a doubt is checked: a wait for notifications is not interrupted. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);

    private static final Logger LOGGER = LoggerFactory.getLogger(ListenLoop.class);

    private final SyncConnector connector;
    private final List<String> channels;
    private final NotificationListener listener;
    private final Consumer<ListenLoop> onClose;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile @Nullable ListenSession current;
    private volatile boolean doubted;

    ListenLoop(
            SyncConnector connector,
            Collection<String> channels,
            NotificationListener listener,
            Consumer<ListenLoop> onClose) {
        this.connector = connector;
        this.channels = List.copyOf(channels);
        this.listener = listener;
        this.onClose = onClose;
    }

    void start() {
        BlockingThreads.daemons("procrastinate-listen").newThread(this).start();
    }

    @Override
    public void run() {
        int failures = 0;
        while (!isClosed()) {
            try (ListenSession session = connector.listen(channels)) {
                current = session;
                if (!isClosed()) {
                    doubted = false;
                    session.ping(ListeningCheck.LIMIT);
                    tell(listener::onListening);
                }
                failures = 0;
                deliver(session);
            } catch (RuntimeException
                    | Error e) { // if this thread ended here, the worker would receive no more notifications
                if (!isClosed()) {
                    failures++;
                    ConnectorException cause = asConnectorException(e);
                    tell(() -> listener.onLost(cause));
                    pause(Backoff.RECONNECT.after(failures));
                }
            } finally {
                current = null;
            }
        }
    }

    private void deliver(ListenSession session) {
        long answered = System.nanoTime();
        while (!isClosed()) {
            for (Notification notification : session.await(LONGEST_WAIT)) {
                tell(() -> listener.onNotification(notification));
            }
            if (!isClosed() && (doubted || System.nanoTime() - answered >= ListeningCheck.PAUSE.toNanos())) {
                doubted = false;
                session.ping(ListeningCheck.LIMIT);
                answered = System.nanoTime();
            }
        }
    }

    /** Checks the connection soon: on another connection the server was read-only. */
    void doubt() {
        doubted = true;
    }

    @Override
    public void close() {
        closed.countDown();
        ListenSession session = current;
        if (session != null) {
            session.close();
        }
        onClose.accept(this);
    }

    private boolean isClosed() {
        return closed.getCount() == 0;
    }

    /** A listener must not throw; one that does must not end the listening. */
    private void tell(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException | Error e) {
            LOGGER.error("A notification listener threw an exception", e);
        }
    }

    private void pause(Duration delay) {
        try {
            closed.await(delay.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            // No other code can interrupt this thread; closing ends the loop.
            LOGGER.debug("Interrupted while waiting to reconnect", e);
        }
    }

    private static ConnectorException asConnectorException(Throwable failure) {
        return failure instanceof ConnectorException known
                ? known
                : new ConnectorException("Listening failed: " + failure.getMessage(), null, true, failure);
    }
}

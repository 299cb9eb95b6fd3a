package io.procrastinate.worker;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.Subscription;
import io.procrastinate.exception.ConnectorException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives notifications of new jobs and abort requests, if that is wanted and possible. A notification is a hint: any
 * role can send one, and apps of other schemas use the same channels. It only wakes the loops that ask the database.
 * Thread-safe.
 */
final class JobListener implements NotificationListener {

    private static final Logger LOGGER = LoggerFactory.getLogger(JobListener.class);

    private final WorkerOptions options;
    private final AsyncConnector connector;
    private final NotificationProbe probe;
    private final Runnable whenJobs;
    private final Runnable whenAborts;
    private final Runnable whenListening;
    private final Listeners listeners;
    private @Nullable Subscription subscription;
    private boolean closed;
    private volatile WorkerHealth.@Nullable Problem problem;

    /**
     * @param probe finds out whether notifications arrive
     * @param whenJobs called when there may be jobs
     * @param whenAborts called when there may be abort requests
     * @param whenListening called when a connection listens
     */
    JobListener(
            WorkerOptions options,
            AsyncConnector connector,
            NotificationProbe probe,
            Runnable whenJobs,
            Runnable whenAborts,
            Runnable whenListening) {
        this.options = options;
        this.connector = connector;
        this.probe = probe;
        this.whenJobs = whenJobs;
        this.whenAborts = whenAborts;
        this.whenListening = whenListening;
        this.listeners = new Listeners(options);
    }

    /** Begins to listen, unless it has been closed. */
    synchronized void open() {
        if (closed || !options.listenNotify()) {
            return;
        }
        if (!connector.capabilities().contains(Capability.LISTEN)) {
            LOGGER.atWarn()
                    .addKeyValue("action", "listen_notify_disabled")
                    .log(
                            "Worker {}: the connector '{}' cannot listen for notifications, jobs are found by polling every {}",
                            options.name(),
                            connector.name(),
                            options.fetchPollingInterval());
            return;
        }
        List<String> channels = new ArrayList<>(NotificationProtocol.channels(options.queues()));
        channels.add(probe.channel());
        subscription = connector.listen(channels, this);
    }

    synchronized void close() {
        closed = true;
        problem = null;
        probe.lost();
        if (subscription != null) {
            subscription.close();
        }
    }

    /** Why the worker receives no notifications: it polls meanwhile. */
    Optional<WorkerHealth.Problem> problem() {
        return Optional.ofNullable(problem).or(probe::problem);
    }

    @Override
    public void onListening() {
        problem = null;
        probe.listens();
        whenListening.run();
        whenJobs.run();
        whenAborts.run();
    }

    @Override
    public void onNotification(Notification notification) {
        probe.received();
        if (notification.channel().equals(probe.channel())) {
            return;
        }
        NotificationProtocol.type(notification).ifPresent(type -> {
            switch (type) {
                case JOB_INSERTED -> whenJobs.run();
                case ABORT_REQUESTED -> whenAborts.run();
            }
        });
    }

    @Override
    public void onLost(ConnectorException cause) {
        probe.lost();
        WorkerHealth.Problem before = problem;
        Instant since = before == null ? Instant.now() : before.since();
        WorkerHealth.Problem now =
                new WorkerHealth.Problem("listening for notifications", since, "failed: " + cause, cause);
        problem = now;
        if (before == null) {
            listeners.each(listener -> listener.problemBegan(options.name(), now));
        }
        LOGGER.debug("Worker {}: not listening, polling meanwhile", options.name(), cause);
    }
}

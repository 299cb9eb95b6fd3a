package io.procrastinate.worker;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether notifications arrive, which silence alone does not show: behind a pooler that hands out connections
 * per transaction, LISTEN succeeds and nothing ever arrives. Sends one to the worker itself, by an ordinary statement,
 * each time the worker starts to listen, and when nothing has arrived for some minutes. Thread-safe.
 */
final class NotificationProbe {

    /** How long a notification may take before the worker counts as receiving none. */
    static final Duration LIMIT = Duration.ofSeconds(10);

    /** How long silence is considered normal. */
    static final Duration TRUST = Duration.ofMinutes(5);

    /** How long after a lost notification to send another one. */
    static final Duration WHILE_MISSING = Duration.ofMinutes(1);

    private static final Duration UNTIL_WOKEN = Duration.ofDays(1);

    private static final Logger LOGGER = LoggerFactory.getLogger(NotificationProbe.class);

    private final WorkerOptions options;
    private final Consumer<String> send;
    private final LongSupplier nanoTime;
    private final String channel = "procrastinate_probe#" + UUID.randomUUID();
    private boolean listens;
    private boolean awaited;
    private long next;
    private WorkerHealth.@Nullable Problem problem;

    /**
     * @param send notifies a channel, on a connection of the pool
     * @param nanoTime the clock, as {@link System#nanoTime()}
     */
    NotificationProbe(WorkerOptions options, Consumer<String> send, LongSupplier nanoTime) {
        this.options = options;
        this.send = send;
        this.nanoTime = nanoTime;
    }

    /** The channel of the worker's own notifications. */
    String channel() {
        return channel;
    }

    /** A connection listens: whether it receives anything remains to be seen. */
    synchronized void listens() {
        listens = true;
        awaited = false;
        next = nanoTime.getAsLong();
    }

    /** No connection listens, which is reported elsewhere. */
    synchronized void lost() {
        listens = false;
        awaited = false;
        problem = null;
    }

    /** Any notification arrived. */
    synchronized void received() {
        awaited = false;
        next = nanoTime.getAsLong() + TRUST.toNanos();
        if (problem != null) {
            problem = null;
            LOGGER.info("Worker {}: notifications arrive again", options.name());
        }
    }

    /** Why the worker receives nothing although it listens. */
    synchronized Optional<WorkerHealth.Problem> problem() {
        return Optional.ofNullable(problem);
    }

    /**
     * Sends a notification if it is time to, and checks the one before: the step of a loop, to be woken when a
     * connection listens.
     */
    Duration step() {
        synchronized (this) {
            if (!listens) {
                return UNTIL_WOKEN;
            }
            Duration left = Duration.ofNanos(next - nanoTime.getAsLong());
            if (left.compareTo(Duration.ZERO) > 0) {
                return left;
            }
            if (awaited) {
                awaited = false;
                next = nanoTime.getAsLong() + WHILE_MISSING.toNanos();
                missing();
                return WHILE_MISSING;
            }
            awaited = true; // before it is sent: it may arrive sooner than the statement's answer
            next = nanoTime.getAsLong() + LIMIT.toNanos();
        }
        try {
            send.accept(channel);
        } catch (RuntimeException | Error e) {
            synchronized (this) {
                awaited = false;
                next = nanoTime.getAsLong();
            }
            throw e;
        }
        return LIMIT;
    }

    private void missing() {
        if (problem != null) {
            return;
        }
        problem = new WorkerHealth.Problem(
                "listening for notifications",
                Instant.now(),
                "failed: one that the worker sent to itself did not arrive within " + LIMIT,
                null);
        LOGGER.atWarn()
                .addKeyValue("action", "notifications_missing")
                .log(
                        "Worker {}: notifications do not arrive: one that it sent to itself did not come within {}."
                                + " Jobs are found by polling every {}. Behind a pooler that hands out connections"
                                + " per transaction, set listenUrl in the connector's settings: a URL that leads"
                                + " past the pooler, to the same database",
                        options.name(),
                        LIMIT,
                        options.fetchPollingInterval());
    }
}

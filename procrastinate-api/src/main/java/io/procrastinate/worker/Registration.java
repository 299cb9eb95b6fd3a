package io.procrastinate.worker;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The worker's row in the database and its heartbeat. If other workers deleted the row because they considered the
 * worker dead, it registers again and takes back the jobs that still run, unless another worker has them. Thread-safe.
 */
final class Registration {

    private static final Logger LOGGER = LoggerFactory.getLogger(Registration.class);
    private static final long NONE = 0;

    private final WorkerOptions options;
    private final WorkerStore store;
    private final JobRunner runner;
    private final RescueGuard rescueGuard;
    private volatile long id = NONE;
    private volatile @Nullable Instant lastBeat;

    Registration(WorkerOptions options, WorkerStore store, JobRunner runner) {
        this.options = options;
        this.store = store;
        this.runner = runner;
        this.rescueGuard = new RescueGuard(options.heartbeatInterval(), options.stalledWorkerTimeout());
    }

    /** The worker's id; registers the worker first if necessary. */
    long id() {
        if (id == NONE) {
            register();
        }
        return id;
    }

    /** Sends a heartbeat to the database: the step of a loop. */
    Duration beat() {
        long current = id();
        Long micros = store.heartbeat(current);
        if (micros == null) {
            renew(current);
            return Duration.ZERO; // the new row gets a heartbeat immediately
        }
        rescueGuard.beat(System.nanoTime(), micros);
        lastBeat = Instant.now();
        reclaim();
        return options.heartbeatInterval();
    }

    /**
     * The right to declare other workers dead: given while the database has been reachable long enough for all live
     * workers to send heartbeats.
     */
    RescueGuard.@Nullable Permit permit() {
        return rescueGuard.permit(System.nanoTime());
    }

    /** Registers again after the row of an id was found to be gone. */
    synchronized void renew(long gone) {
        if (id == gone) {
            id = store.register();
            LOGGER.warn(
                    "Worker {}: was declared dead, its registration {} is gone; registered again as {}",
                    options.name(),
                    gone,
                    id);
        }
        reclaim();
    }

    /** When the database last stored a heartbeat, or null. */
    @Nullable
    Instant lastBeat() {
        return lastBeat;
    }

    /** Reports a problem if the other workers must consider this one dead. */
    Optional<WorkerHealth.Problem> problem() {
        Instant beat = lastBeat;
        return beat == null || beat.plus(options.stalledWorkerTimeout()).isAfter(Instant.now())
                ? Optional.empty()
                : Optional.of(new WorkerHealth.Problem(
                        "heartbeat",
                        beat,
                        "was not stored for longer than " + options.stalledWorkerTimeout()
                                + ": other workers take over its jobs",
                        null));
    }

    /** The worker's id, or 0 before it has one. */
    long idOrNone() {
        return id;
    }

    /** Whether the worker has been registered. */
    boolean exists() {
        return id != NONE;
    }

    /** Deletes the worker's row. */
    void unregister() {
        store.unregister(id);
        lastBeat = null;
    }

    private synchronized void register() {
        if (id == NONE) {
            id = store.register();
            LOGGER.debug("Worker {}: registered as {}", options.name(), id);
        }
    }

    /** Moves the runs that began under an earlier id to the current one. */
    private void reclaim() {
        long current = id;
        List<RunningJob> earlier = runner.running().stream()
                .filter(run -> run.workerId() != current && !run.lost())
                .toList();
        if (earlier.isEmpty()) {
            return;
        }
        Set<Long> ours = store.reclaim(earlier.get(0).workerId(), current, earlier);
        for (RunningJob run : earlier) {
            if (ours.contains(run.job().id())) {
                run.workerId(current);
            } else {
                runner.lose(run);
            }
        }
    }
}

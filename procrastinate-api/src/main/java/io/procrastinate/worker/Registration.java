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
 * The worker's row in the database and its heartbeat. A row that others deleted, because they took the worker for dead, is made
 * again, and the jobs that still run are taken back where nobody else has taken them. Thread-safe.
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

    /** The worker's id, registering it first where that has not been done. */
    long id() {
        if (id == NONE) {
            register();
        }
        return id;
    }

    /** Tells the database that the worker lives: the step of a loop. */
    Duration beat() {
        long current = id();
        Long micros = store.heartbeat(current);
        if (micros == null) {
            renew(current);
            return Duration.ZERO; // the heart of the new row beats at once
        }
        rescueGuard.beat(System.nanoTime(), micros);
        lastBeat = Instant.now();
        reclaim();
        return options.heartbeatInterval();
    }

    /** The right to take others for dead: while the database could be reached for so long that all that live could say so. */
    RescueGuard.@Nullable Permit permit() {
        return rescueGuard.permit(System.nanoTime());
    }

    /** Registers again after the row of an id was found to be gone. */
    synchronized void renew(long gone) {
        if (id == gone) {
            id = store.register();
            LOGGER.warn(
                    "Worker {}: was taken for dead, its registration {} is gone; registered again as {}",
                    options.name(),
                    gone,
                    id);
        }
        reclaim();
    }

    /** When the database last learnt that the worker lives, or null. */
    @Nullable
    Instant lastBeat() {
        return lastBeat;
    }

    /** Whether the others must take this worker for dead. */
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

    /** Puts the runs that began under an earlier id under the current one. */
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

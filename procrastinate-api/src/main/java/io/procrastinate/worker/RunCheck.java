package io.procrastinate.worker;

import io.procrastinate.exception.ConnectorException;
import io.procrastinate.job.JobStatus;
import io.procrastinate.task.AbortReason;
import io.procrastinate.worker.WorkerStore.Held;
import io.procrastinate.worker.WorkerStore.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares the current runs with the database: which must abort, which have been taken away, and which jobs run here
 * only according to the database, because the answer to a fetch was lost.
 */
final class RunCheck {

    private static final Logger LOGGER = LoggerFactory.getLogger(RunCheck.class);

    /** However many hints arrive, the database is asked at most once in this time. */
    private static final Duration LEAST_BETWEEN = Duration.ofMillis(100);

    /** How often to look again for a fetched job that must abort but does not run yet. */
    private static final int MOST_LOOKS_AHEAD = 10;

    private final WorkerOptions options;
    private final WorkerStore store;
    private final Registration registration;
    private final JobRunner runner;
    private final ResultWriter writer;
    private final AtomicLong hints = new AtomicLong();
    private final Set<RunningJob.Claim> refused = new HashSet<>();
    private final LongSupplier nanoClock;
    private long answeredHints;
    private long nextLook;
    private int looksAhead;

    RunCheck(
            WorkerOptions options,
            WorkerStore store,
            Registration registration,
            JobRunner runner,
            ResultWriter writer,
            LongSupplier nanoClock) {
        this.options = options;
        this.store = store;
        this.registration = registration;
        this.runner = runner;
        this.writer = writer;
        this.nanoClock = nanoClock;
        this.nextLook = nanoClock.getAsLong();
    }

    /** There may be requests to abort: the next {@link #check} asks the database, even if nothing seems to run. */
    void hint() {
        hints.incrementAndGet();
    }

    /** Checks the current runs: the step of a loop, which must be woken after a {@link #hint}. */
    Duration check() {
        long now = nanoClock.getAsLong();
        if (nextLook - now > 0) {
            return Duration.ofNanos(nextLook - now);
        }
        nextLook = now + LEAST_BETWEEN.toNanos();
        long hinted = hints.get();
        Collection<RunningJob> runs = runner.running();
        if (runs.isEmpty() && hinted == answeredHints && looksAhead == 0) {
            return options.abortPollingInterval();
        }
        Map<Long, Held> held = store.held(registration.id());
        answeredHints = hinted;
        List<RunningJob> missing = new ArrayList<>();
        for (RunningJob run : runs) {
            Held job = held.get(run.job().id());
            if (job == null || job.attempts() != run.job().attempts()) {
                missing.add(run);
            } else if (job.abortRequested()) {
                runner.abort(run, AbortReason.USER_REQUEST);
            }
        }
        checkMissing(missing);
        looksAhead = isAboutToRun(held, runs) && looksAhead < MOST_LOOKS_AHEAD ? looksAhead + 1 : 0;
        return looksAhead == 0 ? options.abortPollingInterval() : LEAST_BETWEEN;
    }

    /** Whether a job that must abort was just fetched: it runs once the answer to the fetch has arrived. */
    private boolean isAboutToRun(Map<Long, Held> held, Collection<RunningJob> runs) {
        Set<Long> known = new HashSet<>(writer.outstanding());
        runs.forEach(run -> known.add(run.job().id()));
        return held.entrySet().stream()
                .anyMatch(entry -> entry.getValue().abortRequested() && !known.contains(entry.getKey()));
    }

    /**
     * Checks runs that the database does not list under the worker's id: they have ended, were taken away, or the id is
     * new.
     */
    private void checkMissing(List<RunningJob> runs) {
        if (runs.isEmpty()) {
            return;
        }
        Map<Long, State> states =
                store.states(runs.stream().map(run -> run.job().id()).toList());
        for (RunningJob run : runs) {
            if (!isOurs(run, states.get(run.job().id()))) {
                runner.lose(run);
            }
        }
    }

    /**
     * A job without a worker still belongs to us: only our registration was deleted, and the heartbeat will take the
     * job back.
     */
    private boolean isOurs(RunningJob run, @Nullable State state) {
        if (state == null
                || state.status() != JobStatus.DOING
                || state.attempts() != run.job().attempts()) {
            return false;
        }
        Long workerId = state.workerId();
        return workerId == null || workerId == run.workerId() || workerId == registration.id();
    }

    /**
     * Gives back the jobs that run here only according to the database. Must not be called during a fetch. A job that
     * the database refuses to give back affects neither the others nor the caller.
     *
     * @return whether none is left
     */
    boolean giveBackLostFetches() {
        long workerId = registration.id();
        // In this order: an ending run becomes outstanding before it ceases to be running.
        Set<Long> known = new HashSet<>();
        runner.running().forEach(run -> known.add(run.job().id()));
        known.addAll(writer.outstanding());
        List<RunningJob.Claim> lost = store.held(workerId).entrySet().stream()
                .filter(entry -> !known.contains(entry.getKey()))
                .map(entry ->
                        new RunningJob.Claim(entry.getKey(), entry.getValue().attempts(), workerId))
                .toList();
        refused.retainAll(lost);
        if (lost.isEmpty()) {
            return true;
        }
        LOGGER.info(
                "Worker {}: gives back {} jobs that it fetched without receiving the database's answer",
                options.name(),
                lost.size());
        return giveBack(lost);
    }

    private boolean giveBack(List<RunningJob.Claim> lost) {
        try {
            store.giveBack(lost);
            return true;
        } catch (ConnectorException e) {
            if (e.isTransient()) {
                throw e;
            }
            if (lost.size() > 1) {
                boolean all = true;
                for (RunningJob.Claim one : lost) {
                    all &= giveBack(List.of(one));
                }
                return all;
            }
            if (refused.add(lost.get(0))) {
                LOGGER.error(
                        "Worker {}: the database refuses to give back job {}, trying again until it is given back",
                        options.name(),
                        lost.get(0).jobId(),
                        e);
            }
            return false;
        }
    }
}

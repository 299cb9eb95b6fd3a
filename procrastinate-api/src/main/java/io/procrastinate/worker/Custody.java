package io.procrastinate.worker;

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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares the runs under way with what the database knows of them: which are to abort, which have been taken away, and which
 * jobs the database believes to run here although they do not, because the answer to a fetch was lost.
 */
final class Custody {

    private static final Logger LOGGER = LoggerFactory.getLogger(Custody.class);

    private final WorkerOptions options;
    private final WorkerStore store;
    private final Registration registration;
    private final JobRunner runner;
    private final ResultWriter writer;

    Custody(
            WorkerOptions options,
            WorkerStore store,
            Registration registration,
            JobRunner runner,
            ResultWriter writer) {
        this.options = options;
        this.store = store;
        this.registration = registration;
        this.runner = runner;
        this.writer = writer;
    }

    /** Looks after the runs under way: the step of a loop. */
    Duration check() {
        Collection<RunningJob> runs = runner.running();
        if (!runs.isEmpty()) {
            Map<Long, Held> held = store.held(registration.id());
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
        }
        return options.abortPollingInterval();
    }

    /** Runs that the worker's id does not lead to: they have ended, were taken away, or the id is a new one. */
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

    /** A job without a worker is still ours: only our registration was deleted, and the heartbeat will take the job back. */
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
     * Gives back the jobs that the database believes to run here although they do not. Must not be called while a fetch is under
     * way.
     */
    void giveBackOrphans() {
        long workerId = registration.id();
        // In this order: a run that ends is outstanding before it ceases to be running.
        Set<Long> known = new HashSet<>();
        runner.running().forEach(run -> known.add(run.job().id()));
        known.addAll(writer.outstanding());
        List<Claim> orphans = store.held(workerId).entrySet().stream()
                .filter(entry -> !known.contains(entry.getKey()))
                .map(entry -> new Claim(entry.getKey(), entry.getValue().attempts(), workerId))
                .toList();
        if (!orphans.isEmpty()) {
            LOGGER.info(
                    "Worker {}: gives back {} jobs that it was given without learning of it",
                    options.name(),
                    orphans.size());
            store.giveBack(orphans);
        }
    }
}

package io.procrastinate.worker;

import io.procrastinate.task.AbortReason;
import io.procrastinate.worker.WorkerStore.Held;
import java.time.Duration;
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
            long workerId = registration.id();
            Map<Long, Held> held = store.held(workerId);
            for (RunningJob run : runs) {
                check(run, workerId, held.get(run.job().id()));
            }
        }
        return options.abortPollingInterval();
    }

    private void check(RunningJob run, long workerId, @Nullable Held held) {
        if (held != null && held.attempts() == run.job().attempts()) {
            if (held.abortRequested()) {
                runner.abort(run.job().id(), AbortReason.USER_REQUEST);
            }
        } else if (run.workerId() == workerId && runner.isRunning(run) && run.lose()) {
            LOGGER.warn(
                    "Worker {}: lost job {}, its result will not be stored",
                    options.name(),
                    run.job().id());
        }
    }

    /**
     * Gives back the jobs that the database believes to run here although they do not. Must not be called while a fetch is under
     * way.
     */
    void giveBackOrphans() {
        long workerId = registration.id();
        Set<Long> known = new HashSet<>(writer.outstanding());
        runner.running().forEach(run -> known.add(run.job().id()));
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

    /** Aborts the job that a notification names, where it is one that asks for it and runs here. */
    void onNotification(Notifications.Message message) {
        if (message.type() == Notifications.Type.ABORT_REQUESTED) {
            runner.abort(message.jobId(), AbortReason.USER_REQUEST);
        }
    }
}

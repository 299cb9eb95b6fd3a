package io.procrastinate;

import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;

/**
 * Lets a worker stop gracefully when the process ends: the process waits until it has. Ended by a signal, it waits for as long as
 * {@link WorkerOptions#shutdownGracefulTimeout()} lets jobs go on; asked by a signal a second time, it ends at once, and leaves the
 * jobs that run to be rescued by others. Ended otherwise, such as by {@link System#exit}, it may be ended by what a job waits for,
 * and no second signal need come: then jobs have a limit in any case.
 */
final class ShutdownHook {

    /** How long jobs may go on where the options set no limit, and no one is there to ask a second time. */
    static final Duration UNLESS_SET = Duration.ofSeconds(30);

    /** How long a worker may take beyond the time of its jobs: they are interrupted, results stored, statements end. */
    private static final Duration AFTER_JOBS = Duration.ofMinutes(2);

    private static final Duration FOREVER = Duration.ofDays(365);

    private ShutdownHook() {}

    /** Installs the hook while a worker runs. */
    static void run(Worker worker, WorkerOptions options) {
        Thread hook = new Thread(() -> end(worker, options), "procrastinate-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        EndSignals.handle();
        try {
            worker.run();
        } finally {
            EndSignals.giveBack();
            remove(hook);
        }
    }

    private static void end(Worker worker, WorkerOptions options) {
        Duration limit = options.shutdownGracefulTimeout();
        if (limit == null && !EndSignals.came()) {
            limit = UNLESS_SET;
            worker.stopWithin(limit);
        } else {
            worker.stop();
        }
        worker.awaitEnd(limit == null || limit.compareTo(FOREVER) > 0 ? FOREVER : limit.plus(AFTER_JOBS));
    }

    private static void remove(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending already: the hook is what stopped the worker.
        }
    }
}

package io.procrastinate;

import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;

/**
 * Lets a worker stop gracefully when the process ends, for which the process waits. After a signal, it waits for as
 * long as {@link WorkerOptions#shutdownGracefulTimeout()} lets jobs go on; a second signal ends it immediately, and
 * leaves the running jobs for others to rescue. If the process ends in another way, such as by {@link System#exit}, a
 * job may be waiting for the very code that ends it, and no second signal may come: then jobs have a limit in any case.
 */
final class ShutdownHook {

    /** How long jobs may go on if the options set no limit and no second signal can come. */
    static final Duration UNLESS_SET = Duration.ofSeconds(30);

    /** How long a worker may take beyond the time of its jobs, to interrupt them, store results and end statements. */
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
            // The process is already ending: the hook has stopped the worker.
        }
    }
}

package io.procrastinate;

import io.procrastinate.worker.Worker;
import java.time.Duration;

/**
 * Lets a worker stop gracefully when the process is asked to end: the process waits until it has. Asked by a signal a second time,
 * it ends at once, and leaves the jobs that run to be rescued by others.
 */
final class ShutdownHook {

    private ShutdownHook() {}

    /** Installs the hook while an action runs. */
    static void during(Worker worker, Runnable action) {
        Thread hook = new Thread(
                () -> {
                    worker.stop();
                    worker.awaitEnd(Duration.ofDays(365));
                },
                "procrastinate-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        EndSignals signals = EndSignals.handled();
        try {
            action.run();
        } finally {
            signals.giveBack();
            remove(hook);
        }
    }

    private static void remove(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending already: the hook is what stopped the worker.
        }
    }
}

package io.procrastinate.worker;

import io.procrastinate.text.Printable;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The listeners of a worker. One that fails keeps no other from being notified. */
final class Listeners {

    private static final Logger LOGGER = LoggerFactory.getLogger(Listeners.class);

    private final String worker;
    private final List<WorkerListener> all;

    Listeners(WorkerOptions options) {
        this.worker = options.name();
        this.all = options.listeners();
    }

    void each(Consumer<WorkerListener> call) {
        for (WorkerListener listener : all) {
            try {
                call.accept(listener);
            } catch (RuntimeException | Error e) { // of the application's code
                LOGGER.warn(
                        "Worker {}: the listener {} failed",
                        worker,
                        listener.getClass().getName(),
                        Printable.loggable(e));
            }
        }
    }
}

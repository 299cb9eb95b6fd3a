package io.procrastinate;

import io.procrastinate.worker.Worker;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a worker stop gracefully when the process is asked to end: the process waits until it has. A second request ends the process
 * at once, and leaves the jobs that run to be rescued by others.
 */
final class ShutdownHook {

    private static final Logger LOGGER = LoggerFactory.getLogger(ShutdownHook.class);

    /** What asks a process to end, and the exit code that says so. */
    private static final Map<String, Integer> SIGNALS = Map.of("INT", 130, "TERM", 143);

    private ShutdownHook() {}

    /** Installs the hook while an action runs. */
    static void during(Worker worker, Runnable action) {
        Thread hook = new Thread(
                () -> {
                    SIGNALS.forEach(ShutdownHook::endAtOnceOn);
                    worker.stop();
                    worker.awaitEnd(Duration.ofDays(365));
                },
                "procrastinate-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            action.run();
        } finally {
            remove(hook);
        }
    }

    /**
     * A JVM that is ending ignores further signals unless somebody handles them. The only class that can is no part of the
     * platform's standard: called by its name, it need not be there, nor is the compiler to warn of it.
     */
    private static void endAtOnceOn(String name, int exitCode) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object halt = Proxy.newProxyInstance(
                    handler.getClassLoader(), new Class<?>[] {handler}, (proxy, method, args) -> {
                        Runtime.getRuntime().halt(exitCode);
                        return null;
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), halt);
        } catch (ReflectiveOperationException | RuntimeException e) {
            LOGGER.debug("A second signal {} will not end the process at once", name, e);
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

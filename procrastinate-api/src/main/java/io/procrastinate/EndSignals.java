package io.procrastinate;

import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles SIGINT and SIGTERM while a worker runs: the first ends the process in the ordinary way, with its shutdown
 * hooks and exit code 0, the second immediately, with 128 plus the signal's number. By default, the JVM ignores the
 * second one. Several workers share the handlers: the first one installs them, the last one restores the previous ones.
 *
 * <p>The only class that can do this is not part of the Java platform: it is called by reflection, so it may be absent,
 * and the compiler does not warn about it. If it is missing, the JVM goes on handling the signals.
 */
final class EndSignals {

    private static final Logger LOGGER = LoggerFactory.getLogger(EndSignals.class);

    private static final Map<String, Integer> EXIT_CODES = Map.of("INT", 130, "TERM", 143);

    private static final AtomicBoolean ASKED = new AtomicBoolean();
    private static final Map<String, Object> FORMER = new LinkedHashMap<>();
    private static int users;

    private EndSignals() {}

    /** Handles the signals until {@link #giveBack} has been called as often. */
    static synchronized void handle() {
        if (users++ > 0) {
            return;
        }
        EXIT_CODES.forEach((name, exitCode) -> {
            try {
                Class<?> handler = Class.forName("sun.misc.SignalHandler");
                FORMER.put(
                        name,
                        handle(
                                name,
                                Proxy.newProxyInstance(
                                        handler.getClassLoader(), new Class<?>[] {handler}, (proxy, method, args) -> {
                                            end(name, exitCode);
                                            return null;
                                        })));
            } catch (ReflectiveOperationException | RuntimeException e) {
                LOGGER.debug("SIG{} is left to the JVM", name, e);
            }
        });
    }

    /** Whether a signal has asked the process to end. */
    static boolean came() {
        return ASKED.get();
    }

    /** Sets a signal's handler, and returns the previous one. */
    private static Object handle(String name, Object handler) throws ReflectiveOperationException {
        Class<?> signal = Class.forName("sun.misc.Signal");
        return signal.getMethod("handle", signal, Class.forName("sun.misc.SignalHandler"))
                .invoke(null, signal.getConstructor(String.class).newInstance(name), handler);
    }

    private static void end(String name, int exitCode) {
        if (ASKED.compareAndSet(false, true)) {
            LOGGER.info("SIG{}: ending gracefully; a second signal ends immediately", name);
            System.exit(0);
        }
        Runtime.getRuntime().halt(exitCode);
    }

    /** Restores the previous handlers, unless the process is ending: then the second signal keeps its meaning. */
    static synchronized void giveBack() {
        if (--users > 0 || ASKED.get()) {
            return;
        }
        FORMER.forEach((name, handler) -> {
            try {
                handle(name, handler);
            } catch (ReflectiveOperationException e) {
                LOGGER.warn("The previous handler of SIG{} could not be restored", name, e);
            }
        });
        FORMER.clear();
    }
}

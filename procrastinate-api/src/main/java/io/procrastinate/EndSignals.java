package io.procrastinate;

import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What SIGINT and SIGTERM do while a worker runs: the first ends the process in the ordinary way, with its shutdown hooks and with
 * exit code 0, the second at once, with 128 and the signal's number. Left to itself, the JVM ignores the second one. Several workers
 * share them: the first that begins takes the signals, the last that ends gives them back.
 *
 * <p>The only class that can do this is no part of the platform's standard: called by its name, it need not be there, nor is the
 * compiler to warn of it. Where it is missing, the JVM goes on handling the signals.
 */
final class EndSignals {

    private static final Logger LOGGER = LoggerFactory.getLogger(EndSignals.class);

    private static final Map<String, Integer> EXIT_CODES = Map.of("INT", 130, "TERM", 143);

    private static final AtomicBoolean ASKED = new AtomicBoolean();
    private static final Map<String, Object> FORMER = new LinkedHashMap<>();
    private static int users;

    private EndSignals() {}

    /** Handles the signals until they are given back, as often as they were taken. */
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

    /** Sets who handles a signal, and gives who did so far. */
    private static Object handle(String name, Object handler) throws ReflectiveOperationException {
        Class<?> signal = Class.forName("sun.misc.Signal");
        return signal.getMethod("handle", signal, Class.forName("sun.misc.SignalHandler"))
                .invoke(null, signal.getConstructor(String.class).newInstance(name), handler);
    }

    private static void end(String name, int exitCode) {
        if (ASKED.compareAndSet(false, true)) {
            LOGGER.info("SIG{}: ending gracefully; a second signal ends at once", name);
            System.exit(0);
        }
        Runtime.getRuntime().halt(exitCode);
    }

    /** Gives the signals back to who had them, unless the process is ending: then the second one keeps its meaning. */
    static synchronized void giveBack() {
        if (--users > 0 || ASKED.get()) {
            return;
        }
        FORMER.forEach((name, handler) -> {
            try {
                handle(name, handler);
            } catch (ReflectiveOperationException e) {
                LOGGER.warn("SIG{} could not be given back to who handled it before", name, e);
            }
        });
        FORMER.clear();
    }
}

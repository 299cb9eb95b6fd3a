package io.procrastinate;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What SIGINT and SIGTERM do while a worker runs: the first ends the process in the ordinary way, with its shutdown hooks and
 * with exit code 0, the second at once, with 128 and the signal's number. Left to itself the JVM ignores the second one.
 *
 * <p>The JDK handles signals in {@code sun.misc.Signal} only, which not every runtime has and which the compiler warns of, so it is
 * called by reflection. Where that does not work, the JVM goes on handling them.
 */
final class EndSignals {

    private static final Logger LOGGER = LoggerFactory.getLogger(EndSignals.class);

    private final AtomicBoolean asked = new AtomicBoolean();
    private final Map<Object, Object> former = new LinkedHashMap<>();

    /** Handles the signals until it is closed. */
    static EndSignals handled() {
        EndSignals signals = new EndSignals();
        signals.handle("INT");
        signals.handle("TERM");
        return signals;
    }

    private void handle(String name) {
        try {
            Class<?> type = Class.forName("sun.misc.Signal");
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            Consumer<Object> action = this::on;
            MethodHandle on = MethodHandles.publicLookup()
                    .findVirtual(Consumer.class, "accept", MethodType.methodType(void.class, Object.class))
                    .bindTo(action)
                    .asType(MethodType.methodType(void.class, type));
            Object signal = type.getConstructor(String.class).newInstance(name);
            former.put(signal, set(signal, MethodHandleProxies.asInterfaceInstance(handlerType, on)));
        } catch (ReflectiveOperationException | RuntimeException e) {
            LOGGER.debug("SIG{} is left to the JVM", name, e);
        }
    }

    private static Object set(Object signal, Object handler) throws ReflectiveOperationException {
        return signal.getClass()
                .getMethod("handle", signal.getClass(), Class.forName("sun.misc.SignalHandler"))
                .invoke(null, signal, handler);
    }

    private void on(Object signal) {
        if (asked.compareAndSet(false, true)) {
            LOGGER.info("{}: ending gracefully; a second one ends at once", signal);
            System.exit(0);
        }
        LOGGER.warn(
                "{} again: ending at once; jobs that were running stay so until other workers take them over", signal);
        Runtime.getRuntime().halt(128 + number(signal));
    }

    private static int number(Object signal) {
        try {
            return (int) signal.getClass().getMethod("getNumber").invoke(signal);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("A signal without a number: " + signal, e);
        }
    }

    /** Gives the signals back, unless the process is ending: the second one has its meaning to the end. */
    void close() {
        if (asked.get()) {
            return;
        }
        former.forEach((signal, handler) -> {
            try {
                set(signal, handler);
            } catch (ReflectiveOperationException e) {
                LOGGER.warn("{} could not be given back to who handled it before", signal, e);
            }
        });
    }
}

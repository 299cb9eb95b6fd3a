package io.procrastinate.tck;

import java.time.Duration;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.awaitility.core.ThrowingRunnable;
import org.jspecify.annotations.Nullable;

/** How long the contracts wait for something that must happen. How long it took is not asserted. */
final class Patience {

    /** The system property with the bound of every wait in seconds. */
    static final String PROPERTY = "procrastinate.tck.patience";

    private static final Duration ENOUGH = Duration.ofSeconds(30);

    /** For a test whose wait will fail, and the threads that it starts. */
    private static final ThreadLocal<@Nullable Duration> OVERRIDE = new InheritableThreadLocal<>();

    private Patience() {}

    /** The bound of every wait: long unless set otherwise, so that a busy machine fails no test. */
    static Duration bound() {
        Duration override = OVERRIDE.get();
        if (override != null) {
            return override;
        }
        return Duration.ofSeconds(Long.getLong(PROPERTY, ENOUGH.toSeconds()));
    }

    /** Runs an action with another bound for its waits. */
    static <T> T having(Duration bound, Supplier<T> action) {
        OVERRIDE.set(bound);
        try {
            return action.get();
        } finally {
            OVERRIDE.remove();
        }
    }

    static ConditionFactory await(String what) {
        return await(what, bound());
    }

    /** Waits for something unrelated to the fault under test: it always comes, so the bound is the usual one. */
    static ConditionFactory prepare(String what) {
        return await(what, bound().compareTo(ENOUGH) < 0 ? ENOUGH : bound());
    }

    private static ConditionFactory await(String what, Duration most) {
        return Awaitility.await(what)
                .atMost(most)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(20))
                .pollInSameThread();
    }

    static void untilAsserted(String what, ThrowingRunnable assertion) {
        await(what).untilAsserted(assertion);
    }
}

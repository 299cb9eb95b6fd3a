package io.procrastinate.tck;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.awaitility.core.ThrowingRunnable;

/** How long the contracts wait for something that must happen. Nothing is asserted about how long it took. */
final class Patience {

    /** The bound of every wait: long, so that a busy machine fails no test. */
    static final Duration BOUND = Duration.ofSeconds(Long.getLong("procrastinate.tck.patience", 30));

    private Patience() {}

    static ConditionFactory await(String what) {
        return Awaitility.await(what)
                .atMost(BOUND)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(20))
                .pollInSameThread();
    }

    static void untilAsserted(String what, ThrowingRunnable assertion) {
        await(what).untilAsserted(assertion);
    }
}

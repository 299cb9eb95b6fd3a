package io.procrastinate.tck;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.awaitility.core.ThrowingRunnable;

/** How long the contracts wait for something that must happen. Nothing is asserted about how long it took. */
final class Patience {

    /** The system property with the bound of every wait in seconds. */
    static final String PROPERTY = "procrastinate.tck.patience";

    private Patience() {}

    /** The bound of every wait: long unless set otherwise, so that a busy machine fails no test. */
    static Duration bound() {
        return Duration.ofSeconds(Long.getLong(PROPERTY, 30));
    }

    static ConditionFactory await(String what) {
        return Awaitility.await(what)
                .atMost(bound())
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(20))
                .pollInSameThread();
    }

    static void untilAsserted(String what, ThrowingRunnable assertion) {
        await(what).untilAsserted(assertion);
    }
}

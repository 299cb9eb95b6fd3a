package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.SystemProcess.SystemProcessException;
import java.time.Duration;

/** Waits, for measurements of elapsed time. */
final class Pauses {

    private Pauses() {}

    static void sleep(Duration duration) {
        try {
            Thread.sleep(duration.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SystemProcessException("Interrupted while waiting");
        }
    }
}

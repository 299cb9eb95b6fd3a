package io.procrastinate.connector.vertx;

import java.time.Duration;

/** Durations for the driver's timers, which take whole milliseconds and at least one. */
final class Millis {

    private static final Duration LONGEST = Duration.ofDays(3650);

    private Millis() {}

    static long of(Duration duration) {
        return duration.compareTo(LONGEST) > 0 ? LONGEST.toMillis() : Math.max(1, duration.toMillis());
    }
}

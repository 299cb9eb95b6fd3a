package io.procrastinate.connector.r2dbc;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.scheduler.Schedulers;

/** Timers on the threads that Reactor starts once for the JVM, on which nothing may block. */
final class Timers {

    private static final Duration LONGEST = Duration.ofDays(3650);

    private Timers() {}

    static Disposable after(Duration delay, Runnable action) {
        long millis = delay.compareTo(LONGEST) > 0 ? LONGEST.toMillis() : Math.max(1, delay.toMillis());
        return Schedulers.parallel().schedule(action, millis, TimeUnit.MILLISECONDS);
    }
}

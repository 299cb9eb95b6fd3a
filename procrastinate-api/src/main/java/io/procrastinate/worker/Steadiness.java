package io.procrastinate.worker;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Whether a worker is in a position to call others dead. After the database was away, or after this process was paused, every
 * worker looks dead until it has had the time to beat again; so a worker whose own heart missed beats waits. Thread-safe.
 */
final class Steadiness {

    private final long longestGap;
    private final Duration stalled;
    private long last;
    private long lastMicros;
    private long since;
    private boolean beaten;

    /**
     * @param interval between heartbeats
     * @param stalled after how long without one a worker counts as dead
     */
    Steadiness(Duration interval, Duration stalled) {
        this.longestGap = interval.plus(stalled).dividedBy(2).toNanos();
        this.stalled = stalled;
    }

    /**
     * The heart has beaten.
     *
     * @param now a time of {@link System#nanoTime()}
     * @param micros when, by the database's clock, in microseconds since 1970
     */
    synchronized void beat(long now, long micros) {
        if (!beaten || now - last > longestGap) {
            since = now;
        }
        beaten = true;
        last = now;
        lastMicros = micros;
    }

    /** The right to call others dead, where the heart has beaten long enough without missing a beat; else null. */
    synchronized @Nullable Warrant warrant(long now) {
        boolean steady = beaten && now - last <= longestGap && now - since >= stalled.toNanos();
        return steady ? new Warrant(stalled, lastMicros + TimeUnit.NANOSECONDS.toMicros(longestGap)) : null;
    }
}

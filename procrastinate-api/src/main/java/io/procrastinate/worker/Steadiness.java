package io.procrastinate.worker;

import java.time.Duration;

/**
 * Whether a worker is in a position to call others dead. After the database was away, or after this process was paused, every
 * worker looks dead until it has had the time to beat again; so a worker whose own heart missed beats waits. Thread-safe.
 */
final class Steadiness {

    private final long longestGap;
    private final long patience;
    private long last;
    private long since;
    private boolean beaten;

    /**
     * @param interval between heartbeats
     * @param stalled after how long without one a worker counts as dead
     */
    Steadiness(Duration interval, Duration stalled) {
        this.longestGap = interval.plus(stalled).dividedBy(2).toNanos();
        this.patience = stalled.toNanos();
    }

    /** The heart has beaten, at a time of {@link System#nanoTime()}. */
    synchronized void beat(long now) {
        if (!beaten || now - last > longestGap) {
            since = now;
        }
        beaten = true;
        last = now;
    }

    /** Whether the heart has beaten long enough without missing a beat. */
    synchronized boolean isSteady(long now) {
        return beaten && now - last <= longestGap && now - since >= patience;
    }
}

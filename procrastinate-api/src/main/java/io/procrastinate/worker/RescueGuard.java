package io.procrastinate.worker;

import io.procrastinate.connector.BoundQuery;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a worker may declare others dead. After an outage of the database or a pause of this process, every
 * worker looks dead until it has had time for a heartbeat; so a worker that missed heartbeats itself waits.
 * Thread-safe.
 */
final class RescueGuard {

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
    RescueGuard(Duration interval, Duration stalled) {
        this.longestGap = interval.plus(stalled).dividedBy(2).toNanos();
        this.stalled = stalled;
    }

    /**
     * Notes a heartbeat.
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

    /** The right to declare others dead, if heartbeats have been stored for long enough without a gap; else null. */
    synchronized @Nullable Permit permit(long now) {
        boolean steady = beaten && now - last <= longestGap && now - since >= stalled.toNanos();
        return steady ? new Permit(stalled, lastMicros + TimeUnit.NANOSECONDS.toMicros(longestGap)) : null;
    }

    /**
     * The right to declare workers dead. It ends at a time of the database's clock: a statement that an outage delays
     * until then arrives when every worker looks dead, and must find none.
     *
     * @param stalledFor how long a worker must have sent no heartbeat, in whole seconds, at least one
     * @param untilMicros when the right ends, in microseconds since 1970
     */
    record Permit(Duration stalledFor, long untilMicros) {

        BoundQuery.Binder bind(BoundQuery.Binder query) {
            return query.set("seconds", Math.max(1, stalledFor.toSeconds())).set("until_micros", untilMicros);
        }
    }
}

package io.procrastinate.testing;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that stands still until it is moved. Thread-safe. */
public final class ManualClock implements InstantSource {

    private volatile Instant now;

    /** Creates a clock at an instant. */
    public ManualClock(Instant start) {
        this.now = start;
    }

    @Override
    public Instant instant() {
        return now;
    }

    /** Moves the clock on, or back by a negative step. */
    public synchronized void advance(Duration step) {
        now = now.plus(step);
    }
}

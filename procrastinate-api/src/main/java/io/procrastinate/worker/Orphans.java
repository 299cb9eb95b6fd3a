package io.procrastinate.worker;

import io.procrastinate.job.Job;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Running jobs without a worker. Their worker's row was deleted, when is stored nowhere, and the worker may live: then it takes
 * them back at its next heartbeat. So a job counts as left alone only when it was seen without a worker twice, as far apart as
 * a worker may be silent. Used by one thread.
 */
final class Orphans {

    private final long waitNanos;
    private final LongSupplier nanoClock;
    private final Map<Sighting, Long> firstSeen = new HashMap<>();
    private final Set<Sighting> seenInRound = new HashSet<>();

    Orphans(Duration wait, LongSupplier nanoClock) {
        this.waitNanos = wait.toNanos();
        this.nanoClock = nanoClock;
    }

    /** Whether a stalled job that was seen now is to be rescued: at once, or without a worker, when it has been so long enough. */
    boolean isCertain(Job stalled) {
        if (stalled.workerId() != null) {
            return true;
        }
        Sighting sighting = new Sighting(stalled.id(), stalled.attempts());
        seenInRound.add(sighting);
        long now = nanoClock.getAsLong();
        return now - firstSeen.computeIfAbsent(sighting, first -> now) >= waitNanos;
    }

    /** Forgets what was not seen since the last call, which is when all stalled jobs have been looked at. */
    void endRound() {
        firstSeen.keySet().retainAll(seenInRound);
        seenInRound.clear();
    }

    private record Sighting(long jobId, int attempts) {}
}

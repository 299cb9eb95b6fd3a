package io.procrastinate.worker;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Limits how many runs execute at once. The others form the local queue: they wait here, in the order in which they
 * were fetched, although the database lists them as running. How many may wait depends on how many ended recently, so
 * that they begin within half of their time to live unless jobs become slower. Thread-safe.
 */
final class Slots {

    private final int concurrency;
    private final int mostWaiting;
    private final long timeToLiveNanos;
    private final LongSupplier nanoClock;
    /** The waiting runs, each with the end of its time to live. */
    private final Map<RunningJob, Long> waiting = new LinkedHashMap<>();

    private int taken;
    private boolean closed;
    private long windowBegan;
    private int endedInWindow;
    private int room;

    Slots(WorkerOptions options, LongSupplier nanoClock) {
        this.concurrency = options.concurrency();
        this.mostWaiting = options.localQueueSize();
        this.timeToLiveNanos = options.localQueueTimeToLive().toNanos();
        this.nanoClock = nanoClock;
        this.windowBegan = nanoClock.getAsLong();
    }

    /**
     * Admits a run; returns whether it may begin now. Otherwise it waits.
     *
     * @throws RejectedExecutionException if it would have to wait after {@link #close}
     */
    synchronized boolean enter(RunningJob run) {
        if (taken < concurrency) {
            taken++;
            return true;
        }
        if (closed) {
            throw new RejectedExecutionException("The worker stops: no job may wait in its local queue any more");
        }
        waiting.put(run, nanoClock.getAsLong() + timeToLiveNanos);
        return false;
    }

    /** Notes that a run has ended; returns the one that begins in its place. */
    synchronized @Nullable RunningJob leave() {
        endedInWindow++;
        taken--;
        Iterator<RunningJob> runs = waiting.keySet().iterator();
        if (!runs.hasNext()) {
            return null;
        }
        RunningJob next = runs.next();
        runs.remove();
        taken++;
        return next;
    }

    /** Removes a waiting run; returns whether it did. */
    synchronized boolean withdraw(RunningJob run) {
        return waiting.remove(run) != null;
    }

    /** Removes the runs whose time to live is over. Then none may wait until jobs end again. */
    synchronized List<RunningJob> expired() {
        long now = nanoClock.getAsLong();
        List<RunningJob> expired = new ArrayList<>();
        waiting.forEach((run, end) -> {
            if (expires(run) && now - end >= 0) {
                expired.add(run);
            }
        });
        if (!expired.isEmpty()) {
            expired.forEach(waiting::remove);
            measureFrom(now, 0);
        }
        return expired;
    }

    /** How long until the first waiting run has reached its time to live; null if none waits. */
    synchronized @Nullable Duration untilExpiry() {
        long now = nanoClock.getAsLong();
        return waiting.entrySet().stream()
                .filter(entry -> expires(entry.getKey()))
                .findFirst()
                .map(entry -> Duration.ofNanos(Math.max(0, entry.getValue() - now)))
                .orElse(null);
    }

    /**
     * A job with a queueing lock keeps waiting: another one may have been deferred since, and then this one could not
     * be given back.
     */
    private static boolean expires(RunningJob run) {
        return run.job().queueingLock() == null;
    }

    /** Removes all waiting runs; from now on none may wait. */
    synchronized List<RunningJob> close() {
        closed = true;
        List<RunningJob> all = List.copyOf(waiting.keySet());
        waiting.clear();
        return all;
    }

    /** How many runs wait. */
    synchronized int waiting() {
        return waiting.size();
    }

    /** How many runs may wait. */
    synchronized int room() {
        long now = nanoClock.getAsLong();
        long elapsed = now - windowBegan;
        if (mostWaiting > 0 && elapsed >= timeToLiveNanos) {
            double endedInTimeToLive = (double) endedInWindow * timeToLiveNanos / elapsed;
            measureFrom(now, (int) Math.min(mostWaiting, endedInTimeToLive / 2));
        }
        return room;
    }

    private void measureFrom(long now, int roomUntilMeasured) {
        room = roomUntilMeasured;
        windowBegan = now;
        endedInWindow = 0;
    }
}

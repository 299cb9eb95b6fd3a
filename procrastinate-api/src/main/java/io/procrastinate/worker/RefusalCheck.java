package io.procrastinate.worker;

import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a repeatedly refused row is itself at fault, or the database is: a revoked right, a raising trigger
 * or a function that is just being replaced refuse good rows, too. A row is suspect if others that asked for the same
 * were stored between its refusals or, if its data are refused, if a statement of the same kind about no row is
 * accepted. This must happen several times, and for a minute unless the data of this row alone are refused. Not
 * thread-safe.
 */
final class RefusalCheck {

    private static final int ENOUGH = 3;
    private static final Duration LONG = Duration.ofMinutes(1);

    /** Cardinality violation, data exception, integrity constraint, check option, program limit. */
    private static final Set<String> OF_DATA = Set.of("21", "22", "23", "44", "54");

    private final LongSupplier nanoClock;
    private final Map<Asked, Long> stored = new HashMap<>();
    private final Map<RunningJob, Suspicion> suspicions = new HashMap<>();

    RefusalCheck(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    /** Notes that an ending was stored. */
    void stored(Ending ending) {
        stored.merge(Asked.by(ending), 1L, Long::sum);
    }

    /** Notes another refusal of a row; returns whether the row is at fault. */
    boolean isRowAtFault(Ending ending, ConnectorException refusal, Runnable probe) {
        long now = nanoClock.getAsLong();
        long others = stored.getOrDefault(Asked.by(ending), 0L);
        Suspicion before = suspicions.get(ending.run());
        boolean othersBetween = before != null && before.others < others;
        boolean ofData = isOfData(refusal.sqlState());
        int times = before == null ? 0 : before.times;
        if (othersBetween || (ofData && passes(probe))) {
            times++;
        }
        Suspicion suspicion = new Suspicion(before == null ? now : before.since, others, times);
        suspicions.put(ending.run(), suspicion);
        boolean clear = ofData && (othersBetween || suspicions.size() == 1);
        return times >= ENOUGH && (clear || now - suspicion.since >= LONG.toNanos());
    }

    private static boolean isOfData(@Nullable String sqlState) {
        return sqlState != null && OF_DATA.contains(sqlState.substring(0, 2));
    }

    private static boolean passes(Runnable probe) {
        try {
            probe.run();
            return true;
        } catch (ConnectorException e) {
            return false;
        }
    }

    /** Forgets a row that was stored, or need not be any more. */
    void forget(RunningJob run) {
        suspicions.remove(run);
    }

    /**
     * What is known about a refused row.
     *
     * @param since when it was first refused, by the clock
     * @param others how many that asked for the same had been stored at its last refusal
     * @param times how often it was suspect
     */
    private record Suspicion(long since, long others, int times) {}

    /** What an ending asks of the database, which may refuse it. */
    private record Asked(JobResult.Outcome outcome, boolean delete) {

        static Asked by(Ending ending) {
            return new Asked(ending.outcome(), ending.delete());
        }
    }
}

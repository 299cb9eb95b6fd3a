package io.procrastinate.worker;

import io.procrastinate.connector.SqlState;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.UniqueViolationException;
import io.procrastinate.job.JobStatus;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores how runs ended. Results that arrive while a statement is under way form the next batch. While more jobs run they wait for
 * further ones, never longer than the last statement took, for a batch costs little more than a single one; a result that comes
 * alone, and one on which others depend, is stored at once. What could not be stored because the database was away is tried until it is; one row that the database refuses does not keep the
 * others from being stored.
 */
final class ResultWriter {

    private static final Logger LOGGER = LoggerFactory.getLogger(ResultWriter.class);
    private static final int MOST = 500;
    private static final Duration UNTIL_WOKEN = Duration.ofDays(1);
    private static final Duration PUT_OFF = Duration.ofSeconds(5);

    private final WorkerStore store;
    private final Registration registration;
    private final BooleanSupplier fetchesOn;
    private final BooleanSupplier nothingRuns;
    private final Consumer<Ending> whenStored;
    private final Queue<Ending> arrived = new ConcurrentLinkedQueue<>();
    private final Map<RunningJob, Ending> outstanding = new ConcurrentHashMap<>();
    private final AtomicInteger holdingSlots = new AtomicInteger();
    private final AtomicBoolean leftUnsure = new AtomicBoolean();
    private final Deque<Batch> batches = new ArrayDeque<>();
    private final List<Batch> putOff = new ArrayList<>();
    private final Gathering gathering = new Gathering();
    private long putOffUntil;
    private volatile boolean gathers;

    /**
     * @param fetchesOn whether a job that is given back may come back to this worker
     * @param nothingRuns whether no further result can be waited for
     * @param whenStored is told of each ending as it was stored
     */
    ResultWriter(
            WorkerStore store,
            Registration registration,
            BooleanSupplier fetchesOn,
            BooleanSupplier nothingRuns,
            Consumer<Ending> whenStored) {
        this.store = store;
        this.registration = registration;
        this.fetchesOn = fetchesOn;
        this.nothingRuns = nothingRuns;
        this.whenStored = whenStored;
    }

    /** Takes a result; the loop of {@link #write} must be woken where it {@link #wantsResults}. */
    void add(Ending ending) {
        outstanding.put(ending.run(), ending);
        if (holdsSlot(ending)) {
            holdingSlots.incrementAndGet();
        }
        arrived.add(ending);
    }

    /** Whether to wake the loop of {@link #write} now that a result has arrived and its run has ceased to count. */
    boolean wantsResults() {
        return !gathers || nothingRuns.getAsBoolean() || holdingSlots() > 0;
    }

    /** How many results are not stored yet. */
    int unstored() {
        return outstanding.size();
    }

    /**
     * How many slots are still taken by results that are not stored yet. A job that waits for a lock, or one that is tried
     * again, may come before all others: what runs next cannot be known before they are stored.
     */
    int holdingSlots() {
        return holdingSlots.get();
    }

    private static boolean holdsSlot(Ending ending) {
        return ending.outcome() == Outcome.RETRIED || ending.run().job().lock() != null;
    }

    /** The ids of the jobs whose results are not stored yet. */
    Set<Long> outstanding() {
        return outstanding.keySet().stream().map(run -> run.job().id()).collect(Collectors.toSet());
    }

    /** Whether jobs may still have to be given back that are no longer outstanding. */
    boolean hasLeftUnsure() {
        return leftUnsure.get();
    }

    /** As {@link #hasLeftUnsure}; from now on they are the caller's to give back. */
    boolean takeLeftUnsure() {
        return leftUnsure.getAndSet(false);
    }

    /** Stores what has arrived: the step of a loop. */
    Duration write() {
        if (batches.isEmpty()) {
            Duration untilMore = untilMoreResults();
            if (!untilMore.isZero()) {
                return untilMore;
            }
            collect();
            takeUpPutOff();
        }
        long began = System.nanoTime();
        boolean stores = !batches.isEmpty();
        while (!batches.isEmpty()) {
            Batch batch = batches.remove();
            boolean sendsOnce = batch.kind == Outcome.GIVEN_BACK && fetchesOn.getAsBoolean();
            try {
                store(batch);
            } catch (ConnectorException e) {
                failed(batch, e, sendsOnce);
            } catch (RuntimeException | Error e) {
                keep(batch, sendsOnce);
                throw e;
            }
        }
        if (stores) {
            gathering.ended(began);
        }
        if (!arrived.isEmpty()) {
            return Duration.ZERO;
        }
        return putOff.isEmpty() ? UNTIL_WOKEN : Duration.ofNanos(Math.max(0, putOffUntil - System.nanoTime()));
    }

    /** How much longer to wait for further results. */
    private Duration untilMoreResults() {
        gathers = true; // said before the look: what ends after it wakes the loop
        boolean waits = !arrived.isEmpty() && !nothingRuns.getAsBoolean() && holdingSlots() == 0;
        Duration left = waits ? gathering.left() : Duration.ZERO;
        gathers = !left.isZero();
        return left;
    }

    private void takeUpPutOff() {
        if (!putOff.isEmpty() && System.nanoTime() - putOffUntil >= 0) {
            batches.addAll(putOff);
            putOff.clear();
        }
    }

    /** Takes what has arrived, but never two runs of one job: what a statement answers is told by the job's id. */
    private void collect() {
        Map<Outcome, List<Ending>> byOutcome = new LinkedHashMap<>();
        Set<Long> ids = new HashSet<>();
        while (ids.size() < MOST) {
            Ending ending = arrived.peek();
            if (ending == null || !ids.add(ending.run().job().id())) {
                break;
            }
            arrived.remove();
            Outcome kind = switch (ending.outcome()) {
                case SUCCEEDED, FAILED, ABORTED, LOST -> Outcome.SUCCEEDED;
                case RETRIED -> Outcome.RETRIED;
                case GIVEN_BACK -> Outcome.GIVEN_BACK;
            };
            byOutcome.computeIfAbsent(kind, any -> new ArrayList<>()).add(ending);
        }
        byOutcome.forEach((kind, endings) -> batches.add(new Batch(kind, endings)));
    }

    private void store(Batch batch) {
        Map<Long, String> stored = switch (batch.kind) {
            case RETRIED -> store.retry(batch.endings);
            case GIVEN_BACK ->
                store.giveBack(batch.endings.stream()
                        .map(ending -> ending.run().claim())
                        .toList());
            default -> finish(batch.endings);
        };
        List<Ending> missing = batch.endings.stream()
                .filter(ending -> !stored.containsKey(ending.run().job().id()))
                .toList();
        Map<Ending, Outcome> judged = missing.isEmpty() ? Map.of() : judge(batch, missing);
        for (Ending ending : batch.endings) {
            String status = stored.get(ending.run().job().id());
            Outcome outcome = judged.get(ending);
            if (status != null) {
                done(ending, as(ending, status));
            } else if (outcome != null) {
                done(ending, as(ending, outcome));
            }
        }
    }

    private void failed(Batch batch, ConnectorException failure, boolean sendsOnce) {
        if (sendsOnce ? !SqlState.isRefusal(failure.sqlState()) : failure.isTransient() && !isBlocked(failure)) {
            batch.sentBefore = true;
            keep(batch, sendsOnce);
            throw failure;
        }
        if (isBlocked(failure)) {
            batch.sentBefore = true;
            blocked(batch, failure);
        } else {
            refused(batch, failure);
        }
    }

    /**
     * Sends a batch again, but not where it might take away another run: a job that was given back, and that this worker has
     * fetched again since, has the claim of before. What of it is still to be given back, {@link Custody} finds.
     */
    private void keep(Batch batch, boolean sendsOnce) {
        if (sendsOnce) {
            leftUnsure.set(true);
            batch.endings.forEach(this::forget);
        } else {
            batches.addFirst(batch);
        }
    }

    private Map<Long, String> finish(Collection<Ending> endings) {
        Map<Long, String> stored = new LinkedHashMap<>();
        for (long id : store.finish(endings)) {
            stored.put(id, "");
        }
        return stored;
    }

    private static Ending as(Ending ending, String status) {
        return switch (status) {
            case "conflict" -> ending.conflicting();
            case "failed" -> as(ending, Outcome.FAILED);
            case "aborted" -> as(ending, Outcome.ABORTED);
            default -> ending;
        };
    }

    private static Ending as(Ending ending, Outcome outcome) {
        return outcome == ending.outcome() ? ending : ending.as(outcome);
    }

    /**
     * What was not this worker's to store is lost, unless it was stored before, by a statement whose answer did not arrive. What was
     * fetched under an earlier id of the worker is not judged yet, but sent again under the one of now.
     */
    private Map<Ending, Outcome> judge(Batch batch, List<Ending> missing) {
        long workerId = registration.id();
        List<Ending> moved = missing.stream()
                .filter(ending -> !batch.moved && ending.run().fetchedBy() != workerId)
                .toList();
        List<Ending> rest =
                missing.stream().filter(ending -> !moved.contains(ending)).toList();
        Map<Long, WorkerStore.State> states = batch.sentBefore && !rest.isEmpty()
                ? store.states(
                        rest.stream().map(ending -> ending.run().job().id()).toList())
                : Map.of();
        if (!moved.isEmpty()) {
            moved.forEach(ending -> ending.run().workerId(workerId));
            Batch again = batch.of(moved);
            again.moved = true;
            batches.addFirst(again);
        }
        Map<Ending, Outcome> judged = new HashMap<>();
        for (Ending ending : rest) {
            boolean stored = batch.sentBefore
                    && wasStored(ending, states.get(ending.run().job().id()));
            judged.put(ending, stored ? ending.outcome() : Outcome.LOST);
        }
        return judged;
    }

    private static boolean wasStored(Ending ending, WorkerStore.@Nullable State state) {
        if (state == null) {
            return ending.delete();
        }
        int attempts = ending.run().job().attempts();
        return ending.outcome() == Outcome.GIVEN_BACK
                ? state.attempts() == attempts && state.status() == JobStatus.TODO
                : state.attempts() == attempts + 1 && state.status() == ending.finalStatus();
    }

    /** Whether a statement waited for another transaction to end until it was stopped. */
    private static boolean isBlocked(ConnectorException failure) {
        return SqlState.QUERY_CANCELED.equals(failure.sqlState())
                || SqlState.LOCK_NOT_AVAILABLE.equals(failure.sqlState());
    }

    /** An open transaction holds a row of a batch: each row alone, so that it keeps no other from being stored. */
    private void blocked(Batch batch, ConnectorException failure) {
        if (batch.endings.size() > 1) {
            batch.endings.forEach(ending -> batches.addLast(batch.of(List.of(ending))));
        } else {
            putOff(batch, failure);
        }
    }

    /**
     * The database will not take a batch: once more where a job with the same queueing lock came between, then each row alone, then
     * a row that asks for more, where that is what is refused, as a plain result that deletes nothing. What is refused even then is
     * kept and tried again: a job that is dropped here would run again and again.
     */
    private void refused(Batch batch, ConnectorException refusal) {
        boolean raced = refusal instanceof UniqueViolationException;
        if (raced && !batch.racedBefore) {
            batch.racedBefore = true;
            batches.addFirst(batch);
            return;
        }
        if (batch.endings.size() > 1) {
            batch.endings.forEach(ending -> batches.addFirst(batch.of(List.of(ending))));
            return;
        }
        Ending ending = batch.endings.get(0);
        boolean asksForLess = !raced && SqlState.isRefusal(refusal.sqlState());
        if (asksForLess && batch.kind != Outcome.SUCCEEDED) {
            batches.addFirst(new Batch(Outcome.SUCCEEDED, List.of(ending.as(Outcome.FAILED))));
        } else if (asksForLess && ending.delete()) {
            batches.addFirst(batch.of(List.of(ending.kept())));
        } else {
            putOff(batch, refusal);
        }
    }

    /** Tries a row again later, unchanged. */
    private void putOff(Batch batch, ConnectorException failure) {
        if (!batch.putOffBefore) {
            Ending ending = batch.endings.get(0);
            LOGGER.error(
                    "The database does not store that job {} {}, trying again until it does",
                    ending.run().job().id(),
                    ending.finalStatus().text(),
                    failure);
            batch.putOffBefore = true;
        }
        putOff.add(batch);
        putOffUntil = System.nanoTime() + PUT_OFF.toNanos();
    }

    private void forget(Ending ending) {
        Ending added = outstanding.remove(ending.run());
        if (added != null && holdsSlot(added)) {
            holdingSlots.decrementAndGet();
        }
    }

    private void done(Ending ending, Ending stored) {
        forget(ending);
        try {
            whenStored.accept(stored);
        } catch (RuntimeException | Error e) { // the application's code; what is stored must not be stored again
            LOGGER.error(
                    "Job {} has ended, but telling so failed",
                    ending.run().job().id(),
                    e);
        }
    }

    /** Results that go in one statement. */
    private static final class Batch {

        private final Outcome kind;
        private final List<Ending> endings;
        private boolean sentBefore;
        private boolean moved;
        private boolean racedBefore;
        private boolean putOffBefore;

        Batch(Outcome kind, List<Ending> endings) {
            this.kind = kind;
            this.endings = endings;
        }

        /** A part of this batch, with its past. */
        Batch of(List<Ending> part) {
            Batch batch = new Batch(kind, part);
            batch.sentBefore = sentBefore;
            batch.moved = moved;
            batch.racedBefore = racedBefore;
            batch.putOffBefore = putOffBefore;
            return batch;
        }
    }
}

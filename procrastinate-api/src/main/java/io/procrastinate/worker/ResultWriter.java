package io.procrastinate.worker;

import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.Backoff;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.UniqueViolationException;
import io.procrastinate.job.JobStatus;
import io.procrastinate.text.Printable;
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
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Stores how runs ended. Results that arrive while a statement is under way form the next batch. While more jobs run they wait for
 * further ones, never longer than the last statement took, for a batch costs little more than a single one; a result that comes
 * alone, and one on which others depend, is stored at once.
 *
 * <p>What the database does not store, because it is away or refuses, is tried until it is stored, with the ending that the run
 * had; a row that is refused does not keep the others from being stored. Less is asked for only where the refusal is shown to be
 * the row's own fault, as {@link Blame} tells.
 */
final class ResultWriter {

    private static final Logger LOGGER = LoggerFactory.getLogger(ResultWriter.class);
    private static final int MOST = 500;
    private static final Duration UNTIL_WOKEN = Duration.ofDays(1);

    /** How long until a row is tried again that another transaction holds: each time costs the deadline of a statement. */
    private static final Duration PUT_OFF = Duration.ofSeconds(5);

    /** How long until a row is tried again that was refused. */
    private static final Backoff AFTER_REFUSAL = new Backoff(Duration.ofMillis(500), PUT_OFF);

    /** After so many rows in a row that were not stored, and none that was, the database is taken to be at fault. */
    private static final int MOST_REFUSED = 3;

    private final WorkerStore store;
    private final Registration registration;
    private final BooleanSupplier fetchesOn;
    private final BooleanSupplier nothingRuns;
    private final Consumer<Ending> whenStored;
    private final Queue<Ending> arrived = new ConcurrentLinkedQueue<>();
    private final Map<RunningJob, Ending> outstanding = new ConcurrentHashMap<>();
    private final Set<RunningJob> holdingSlots = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean leftUnsure = new AtomicBoolean();
    private final Deque<Batch> batches = new ArrayDeque<>();
    private final List<Batch> putOff = new ArrayList<>();
    private final LongSupplier nanoTime;
    private final Gathering gathering;
    private final Blame blame;
    private int refusedInARow;
    private int timesPutOff;
    private @Nullable ConnectorException lastRefusal;
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
        this(store, registration, fetchesOn, nothingRuns, whenStored, System::nanoTime);
    }

    /** @param nanoTime the clock, as {@link System#nanoTime()} */
    ResultWriter(
            WorkerStore store,
            Registration registration,
            BooleanSupplier fetchesOn,
            BooleanSupplier nothingRuns,
            Consumer<Ending> whenStored,
            LongSupplier nanoTime) {
        this.store = store;
        this.registration = registration;
        this.fetchesOn = fetchesOn;
        this.nothingRuns = nothingRuns;
        this.whenStored = whenStored;
        this.nanoTime = nanoTime;
        this.gathering = new Gathering(nanoTime);
        this.blame = new Blame(nanoTime);
    }

    /** Takes a result; the loop of {@link #write} must be woken where it {@link #wantsResults}. */
    void add(Ending ending) {
        outstanding.put(ending.run(), ending);
        if (holdsSlot(ending)) {
            holdingSlots.add(ending.run());
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
     * again, may come before all others: what runs next cannot be known before they are stored. A row that is put off holds none.
     */
    int holdingSlots() {
        return holdingSlots.size();
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

    /**
     * Stores what has arrived: the step of a loop.
     *
     * @throws ConnectorException while the database is away, or takes nothing: then this is to be called again soon
     */
    Duration write() {
        if (batches.isEmpty()) {
            Duration untilMore = untilMoreResults();
            if (!untilMore.isZero()) {
                return untilMore;
            }
            collect();
            takeUpPutOff();
        } else if (isNothingTaken()) {
            collect(); // before what is left: it may be that alone which is refused
        }
        long began = nanoTime.getAsLong();
        boolean stores = !batches.isEmpty();
        while (!batches.isEmpty()) {
            Batch batch = batches.remove();
            boolean sendsOnce = batch.kind == Outcome.GIVEN_BACK && fetchesOn.getAsBoolean();
            try {
                store(batch);
            } catch (ConnectorException e) {
                failed(batch, e, sendsOnce);
                throwIfNothingIsTaken();
            } catch (RuntimeException | Error e) {
                keep(batch, sendsOnce);
                throw e;
            }
        }
        throwIfNothingIsTaken();
        if (stores) {
            gathering.ended(began);
        }
        if (!arrived.isEmpty()) {
            return Duration.ZERO;
        }
        return putOff.isEmpty() ? UNTIL_WOKEN : Duration.ofNanos(Math.max(0, putOffUntil - nanoTime.getAsLong()));
    }

    /** The failure is the database's: what is left is tried less often, and the worker's health tells. */
    private void throwIfNothingIsTaken() {
        ConnectorException refusal = lastRefusal;
        if (refusal != null && isNothingTaken()) {
            throw refusal;
        }
    }

    private boolean isNothingTaken() {
        return refusedInARow >= MOST_REFUSED;
    }

    /** How much longer to wait for further results. */
    private Duration untilMoreResults() {
        gathers = true; // said before the look: what ends after it wakes the loop
        boolean waits = !arrived.isEmpty() && !nothingRuns.getAsBoolean() && holdingSlots() == 0 && !isNothingTaken();
        Duration left = waits ? gathering.left() : Duration.ZERO;
        gathers = !left.isZero();
        return left;
    }

    private void takeUpPutOff() {
        if (!putOff.isEmpty() && nanoTime.getAsLong() - putOffUntil >= 0) {
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
        byOutcome.forEach((kind, endings) -> batches.addFirst(new Batch(kind, endings)));
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
        if (!stored.isEmpty()) {
            refusedInARow = 0;
        }
        List<Ending> missing = batch.endings.stream()
                .filter(ending -> !stored.containsKey(ending.run().job().id()))
                .toList();
        Map<Ending, Outcome> judged = missing.isEmpty() ? Map.of() : judge(batch, missing);
        List<Ending> told = new ArrayList<>();
        for (Ending ending : batch.endings) {
            String status = stored.get(ending.run().job().id());
            Outcome outcome = judged.get(ending);
            if (status != null) {
                blame.stored(ending);
                told.add(as(ending, status));
            } else if (outcome != null) {
                told.add(as(ending, outcome));
            }
        }
        // In this order: what is told of may never return.
        told.forEach(this::forget);
        told.forEach(this::tell);
    }

    private void failed(Batch batch, ConnectorException failure, boolean sendsOnce) {
        boolean blocked = isBlocked(failure);
        batch.sentBefore = true;
        if (sendsOnce ? !SqlState.isRefusal(failure.sqlState()) : failure.isTransient() && !blocked) {
            keep(batch, sendsOnce);
            throw failure;
        }
        boolean raced = failure instanceof UniqueViolationException;
        if (raced && !batch.racedBefore) { // a job with the same queueing lock came between
            batch.racedBefore = true;
            batches.addFirst(batch);
        } else if (batch.endings.size() > 1) { // each row alone, so that it keeps no other from being stored
            batch.endings.forEach(ending -> batches.addLast(batch.of(List.of(ending))));
        } else if (batch.full != null) {
            putOff(batch.full, failure, AFTER_REFUSAL.after(++timesPutOff));
        } else if (!raced && SqlState.isRefusal(failure.sqlState()) && isToBlame(batch, failure)) {
            askForLess(batch, failure);
        } else {
            putOff(batch, failure, blocked ? PUT_OFF : AFTER_REFUSAL.after(++timesPutOff));
        }
    }

    /**
     * Sends a batch again, but not where it might take away another run: a job that was given back, and that this worker has
     * fetched again since, has the claim of before. What of it is still to be given back, {@link RunCheck} finds.
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

    /** Whether a row is refused for what it asks, and there is less to ask for. */
    private boolean isToBlame(Batch batch, ConnectorException refusal) {
        Ending ending = batch.endings.get(0);
        return lesser(batch) != null && blame.isOn(ending, refusal, () -> probe(batch.kind));
    }

    /** A statement of the same kind that is about no row: where it is refused, no row is to blame. */
    private void probe(Outcome kind) {
        switch (kind) {
            case RETRIED -> store.retry(List.of());
            case GIVEN_BACK -> store.giveBack(List.of());
            default -> store.finish(List.of());
        }
    }

    /**
     * A retry asks for more than a failure, deleting a row for more than keeping it. A job that is given back has not failed: where
     * it is refused for good, others rescue it.
     */
    private static @Nullable Batch lesser(Batch batch) {
        Ending ending = batch.endings.get(0);
        Ending less = batch.kind == Outcome.RETRIED ? ending.as(Outcome.FAILED) : ending.kept();
        return batch.kind == Outcome.RETRIED || (batch.kind == Outcome.SUCCEEDED && ending.delete())
                ? new Batch(Outcome.SUCCEEDED, List.of(less), batch)
                : null;
    }

    private void askForLess(Batch batch, ConnectorException refusal) {
        Batch less = lesser(batch);
        if (less == null) {
            return;
        }
        Ending ending = batch.endings.get(0);
        LOGGER.error(
                "The database refuses job {} to be {}, and takes others: it is stored as {} instead",
                ending.run().job().id(),
                ending.delete() ? "deleted" : ending.finalStatus().text(),
                less.endings.get(0).finalStatus().text(),
                refusal);
        batches.addFirst(less);
    }

    /** Tries a row again later, unchanged. Others go on meanwhile: it holds no slot. */
    private void putOff(Batch batch, ConnectorException failure, Duration pause) {
        Ending ending = batch.endings.get(0);
        if (!batch.putOffBefore) {
            batch.putOffBefore = true;
            LOGGER.atLevel(isNothingTaken() ? Level.DEBUG : Level.ERROR)
                    .setCause(failure)
                    .log(
                            "The database does not store that job {} {}, trying again until it does",
                            ending.run().job().id(),
                            ending.finalStatus().text());
        }
        refusedInARow++;
        lastRefusal = failure;
        holdingSlots.remove(ending.run());
        putOff.add(batch);
        putOffUntil = nanoTime.getAsLong() + pause.toNanos();
    }

    private void forget(Ending ending) {
        outstanding.remove(ending.run());
        holdingSlots.remove(ending.run());
        blame.forget(ending.run());
        if (putOff.isEmpty() && batches.isEmpty()) {
            timesPutOff = 0;
        }
    }

    private void tell(Ending ending) {
        try {
            whenStored.accept(ending);
        } catch (RuntimeException | Error e) { // the application's code; what is stored must not be stored again
            LOGGER.error(
                    "Job {} has ended, but telling so failed",
                    ending.run().job().id(),
                    Printable.loggable(e));
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
        /** What this one asks less than; null where it asks for what the run ended with. */
        private final @Nullable Batch full;

        Batch(Outcome kind, List<Ending> endings) {
            this(kind, endings, null);
        }

        Batch(Outcome kind, List<Ending> endings, @Nullable Batch full) {
            this.kind = kind;
            this.endings = endings;
            this.full = full;
        }

        /** A part of this batch, with its past. */
        Batch of(List<Ending> part) {
            Batch batch = new Batch(kind, part, full);
            batch.sentBefore = sentBefore;
            batch.moved = moved;
            batch.racedBefore = racedBefore;
            batch.putOffBefore = putOffBefore;
            return batch;
        }
    }
}

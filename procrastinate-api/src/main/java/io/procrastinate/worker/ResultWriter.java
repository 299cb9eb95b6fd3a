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
 * Stores how runs ended. Results that arrive while a statement is running form the next batch. While more jobs run they
 * wait for further ones, never longer than the last statement took, since a batch costs little more than a single
 * result; a result that comes alone, or on which others depend, is stored immediately.
 *
 * <p>A result that the database does not store, because it is away or refuses, is tried again, unchanged, until it is
 * stored; a refused row does not prevent the others from being stored. A lesser result is stored only if
 * {@link RefusalCheck} shows that the row itself is at fault.
 */
final class ResultWriter {

    private static final Logger LOGGER = LoggerFactory.getLogger(ResultWriter.class);
    private static final int MOST = 500;
    private static final Duration UNTIL_WOKEN = Duration.ofDays(1);

    /**
     * How long until a row that another transaction locks is tried again: each attempt costs the deadline of a
     * statement.
     */
    private static final Duration PUT_OFF = Duration.ofSeconds(5);

    /** How long until a refused row is tried again. */
    private static final Backoff AFTER_REFUSAL = new Backoff(Duration.ofMillis(500), PUT_OFF);

    /** How many rows in succession must be refused, and none stored, before the database is considered at fault. */
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
    private final BatchDelay batchDelay;
    private final RefusalCheck refusals;
    private int refusedInARow;
    private int timesPutOff;
    private @Nullable ConnectorException lastRefusal;
    private long putOffUntil;
    private volatile boolean gathers;

    /**
     * @param fetchesOn whether this worker may fetch a job again that it gives back
     * @param nothingRuns whether no further result is to be expected
     * @param whenStored called with each ending as it was stored
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
        this.batchDelay = new BatchDelay(nanoTime);
        this.refusals = new RefusalCheck(nanoTime);
    }

    /** Takes a result; the caller must wake the loop of {@link #write} if it {@link #wantsResults}. */
    void add(Ending ending) {
        outstanding.put(ending.run(), ending);
        if (holdsSlot(ending)) {
            holdingSlots.add(ending.run());
        }
        arrived.add(ending);
    }

    /** Whether to wake the loop of {@link #write} after a result has arrived and its run has ceased to count. */
    boolean wantsResults() {
        return !gathers || nothingRuns.getAsBoolean() || holdingSlots() > 0;
    }

    /** How many results are not stored yet. */
    int unstored() {
        return outstanding.size();
    }

    /**
     * How many slots are still taken by results that are not stored yet. A job that waits for a lock, or one that is
     * retried, may come before all others, so the next job is unknown until they are stored. A row that was put off
     * holds none.
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

    /** Whether jobs that are no longer outstanding may still have to be given back. */
    boolean hasLeftUnsure() {
        return leftUnsure.get();
    }

    /** As {@link #hasLeftUnsure}; from now on the caller must give them back. */
    boolean takeLeftUnsure() {
        return leftUnsure.getAndSet(false);
    }

    /**
     * Stores the results that have arrived: the step of a loop.
     *
     * @throws ConnectorException while the database is away, or accepts nothing: call this again soon
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
            collect(); // before the rest, which may be what is refused
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
            batchDelay.ended(began);
        }
        if (!arrived.isEmpty()) {
            return Duration.ZERO;
        }
        return putOff.isEmpty() ? UNTIL_WOKEN : Duration.ofNanos(Math.max(0, putOffUntil - nanoTime.getAsLong()));
    }

    /** The database is at fault: the rest is tried less often, and the worker's health reports it. */
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
        gathers = true; // set before the check: a run that ends after it wakes the loop
        boolean waits = !arrived.isEmpty() && !nothingRuns.getAsBoolean() && holdingSlots() == 0 && !isNothingTaken();
        Duration left = waits ? batchDelay.left() : Duration.ZERO;
        gathers = !left.isZero();
        return left;
    }

    private void takeUpPutOff() {
        if (!putOff.isEmpty() && nanoTime.getAsLong() - putOffUntil >= 0) {
            batches.addAll(putOff);
            putOff.clear();
        }
    }

    /**
     * Takes the results that have arrived, but never two runs of one job: the answers of a statement are identified by
     * the job's id.
     */
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
        Map<Ending, Outcome> outcomes = missing.isEmpty() ? Map.of() : outcomes(batch, missing);
        List<Ending> told = new ArrayList<>();
        for (Ending ending : batch.endings) {
            String status = stored.get(ending.run().job().id());
            Outcome outcome = outcomes.get(ending);
            if (status != null) {
                refusals.stored(ending);
                told.add(as(ending, status));
            } else if (outcome != null) {
                told.add(as(ending, outcome));
            }
        }
        // In this order: the calls to the application may never return.
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
        if (raced && !batch.racedBefore) { // a job with the same queueing lock was deferred in between
            batch.racedBefore = true;
            batches.addFirst(batch);
        } else if (batch.endings.size() > 1) { // each row alone, so that it does not prevent others from being stored
            batch.endings.forEach(ending -> batches.addLast(batch.of(List.of(ending))));
        } else if (batch.full != null) {
            putOff(batch.full, failure, AFTER_REFUSAL.after(++timesPutOff));
        } else if (!raced && SqlState.isRefusal(failure.sqlState()) && isRowAtFault(batch, failure)) {
            askForLess(batch, failure);
        } else {
            putOff(batch, failure, blocked ? PUT_OFF : AFTER_REFUSAL.after(++timesPutOff));
        }
    }

    /**
     * Sends a batch again, except if it might take away another run: a job that this worker gave back and has fetched
     * again since has the same claim as before. {@link RunCheck} finds what must still be given back.
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
     * Results of jobs that no longer belong to this worker are lost, unless they were already stored by a statement
     * whose answer did not arrive. Those fetched under an earlier id of the worker are not decided yet, but sent again
     * under the current one.
     */
    private Map<Ending, Outcome> outcomes(Batch batch, List<Ending> missing) {
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
        Map<Ending, Outcome> outcomes = new HashMap<>();
        for (Ending ending : rest) {
            boolean stored = batch.sentBefore
                    && wasStored(ending, states.get(ending.run().job().id()));
            outcomes.put(ending, stored ? ending.outcome() : Outcome.LOST);
        }
        return outcomes;
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

    /** Whether a statement was stopped while it waited for another transaction. */
    private static boolean isBlocked(ConnectorException failure) {
        return SqlState.QUERY_CANCELED.equals(failure.sqlState())
                || SqlState.LOCK_NOT_AVAILABLE.equals(failure.sqlState());
    }

    /** Whether a row is refused for what it asks, and there is a lesser result to ask for. */
    private boolean isRowAtFault(Batch batch, ConnectorException refusal) {
        Ending ending = batch.endings.get(0);
        return lesser(batch) != null && refusals.isRowAtFault(ending, refusal, () -> probe(batch.kind));
    }

    /** A statement of the same kind about no row: if it is refused, no row is at fault. */
    private void probe(Outcome kind) {
        switch (kind) {
            case RETRIED -> store.retry(List.of());
            case GIVEN_BACK -> store.giveBack(List.of());
            default -> store.finish(List.of());
        }
    }

    /**
     * A failure is less than a retry, keeping a row less than deleting it. A job that is given back has not failed: if
     * that is refused permanently, other workers rescue it.
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
                "The database refuses job {} to be {}, but accepts others: it is stored as {} instead",
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
        refusals.forget(ending.run());
        if (putOff.isEmpty() && batches.isEmpty()) {
            timesPutOff = 0;
        }
    }

    private void tell(Ending ending) {
        try {
            whenStored.accept(ending);
        } catch (RuntimeException | Error e) { // the application's code failed; the result must not be stored again
            LOGGER.error(
                    "Job {} has ended, but reporting that failed",
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
        /** The batch of which this one asks a lesser result; null if it asks for the run's own result. */
        private final @Nullable Batch full;

        Batch(Outcome kind, List<Ending> endings) {
            this(kind, endings, null);
        }

        Batch(Outcome kind, List<Ending> endings, @Nullable Batch full) {
            this.kind = kind;
            this.endings = endings;
            this.full = full;
        }

        /** A part of this batch, with its history. */
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

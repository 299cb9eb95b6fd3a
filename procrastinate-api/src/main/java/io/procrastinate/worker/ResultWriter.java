package io.procrastinate.worker;

import io.procrastinate.exception.ConnectorException;
import io.procrastinate.job.JobStatus;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores how runs ended. Results that arrive while a statement is under way form the next batch: no timer, no delay. What
 * could not be stored because the database was away is tried until it is; one row that the database refuses does not keep the
 * others from being stored.
 */
final class ResultWriter {

    private static final Logger LOGGER = LoggerFactory.getLogger(ResultWriter.class);
    private static final int MOST = 500;
    private static final Duration UNTIL_WOKEN = Duration.ofDays(1);

    private final WorkerStore store;
    private final Consumer<Ending> whenStored;
    private final Queue<Ending> arrived = new ConcurrentLinkedQueue<>();
    private final Map<Long, Ending> outstanding = new ConcurrentHashMap<>();
    private final AtomicInteger holdingSlots = new AtomicInteger();
    private final Deque<Batch> batches = new ArrayDeque<>();

    /** @param whenStored is told of each ending as it was stored */
    ResultWriter(WorkerStore store, Consumer<Ending> whenStored) {
        this.store = store;
        this.whenStored = whenStored;
    }

    /** Takes a result; the loop of {@link #write} must be woken. */
    void add(Ending ending) {
        outstanding.put(ending.run().job().id(), ending);
        if (holdsSlot(ending)) {
            holdingSlots.incrementAndGet();
        }
        arrived.add(ending);
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
        return Set.copyOf(outstanding.keySet());
    }

    /** Stores what has arrived: the step of a loop. */
    Duration write() {
        if (batches.isEmpty()) {
            collect();
        }
        while (!batches.isEmpty()) {
            Batch batch = batches.element();
            try {
                store(batch);
                batches.remove();
            } catch (ConnectorException e) {
                if (e.isTransient()) {
                    batch.sentBefore = true;
                    throw e;
                }
                batches.remove();
                refused(batch, e);
            }
        }
        return arrived.isEmpty() ? UNTIL_WOKEN : Duration.ZERO;
    }

    private void collect() {
        Map<Outcome, List<Ending>> byOutcome = new LinkedHashMap<>();
        for (int count = 0; count < MOST; count++) {
            Ending ending = arrived.poll();
            if (ending == null) {
                break;
            }
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
        Map<Long, WorkerStore.State> states = batch.sentBefore ? statesOfMissing(batch, stored) : Map.of();
        for (Ending ending : batch.endings) {
            long id = ending.run().job().id();
            String status = stored.get(id);
            Outcome outcome =
                    status != null ? outcome(ending, status) : outcomeOfMissing(ending, batch, states.get(id));
            done(outcome == ending.outcome() ? ending : ending.as(outcome));
        }
    }

    private Map<Long, String> finish(Collection<Ending> endings) {
        Map<Long, String> stored = new LinkedHashMap<>();
        for (long id : store.finish(endings)) {
            stored.put(id, "");
        }
        return stored;
    }

    private static Outcome outcome(Ending ending, String status) {
        return switch (status) {
            case "failed", "conflict" -> Outcome.FAILED;
            case "aborted" -> Outcome.ABORTED;
            default -> ending.outcome();
        };
    }

    /** Where an earlier attempt was sent and not answered, what is missing may have been stored then. */
    private Map<Long, WorkerStore.State> statesOfMissing(Batch batch, Map<Long, String> stored) {
        List<Long> missing = batch.endings.stream()
                .map(ending -> ending.run().job().id())
                .filter(id -> !stored.containsKey(id))
                .toList();
        return missing.isEmpty() ? Map.of() : store.states(missing);
    }

    private static Outcome outcomeOfMissing(Ending ending, Batch batch, WorkerStore.@Nullable State state) {
        if (!batch.sentBefore) {
            return Outcome.LOST;
        }
        if (state == null) {
            return ending.delete() ? ending.outcome() : Outcome.LOST;
        }
        int attempts = ending.run().job().attempts();
        boolean storedByUs = ending.outcome() == Outcome.GIVEN_BACK
                ? state.attempts() == attempts && state.status() == JobStatus.TODO
                : state.attempts() == attempts + 1 && state.status() == ending.finalStatus();
        return storedByUs ? ending.outcome() : Outcome.LOST;
    }

    /** The database will not take a batch: each row alone, then a row that asks for more as a plain failure. */
    private void refused(Batch batch, ConnectorException refusal) {
        if (batch.endings.size() > 1) {
            batch.endings.forEach(ending -> batches.addFirst(new Batch(batch.kind, List.of(ending))));
            return;
        }
        Ending ending = batch.endings.get(0);
        if (batch.kind == Outcome.SUCCEEDED) {
            LOGGER.error(
                    "The database refuses the result of job {} ({}): it is not stored",
                    ending.run().job().id(),
                    ending.finalStatus().text(),
                    refusal);
            done(ending.as(Outcome.LOST));
            return;
        }
        batches.addFirst(new Batch(Outcome.SUCCEEDED, List.of(ending.as(Outcome.FAILED))));
    }

    private void done(Ending ending) {
        Ending added = outstanding.remove(ending.run().job().id());
        if (added != null && holdsSlot(added)) {
            holdingSlots.decrementAndGet();
        }
        whenStored.accept(ending);
    }

    /** Results that go in one statement. */
    private static final class Batch {

        private final Outcome kind;
        private final List<Ending> endings;
        private boolean sentBefore;

        Batch(Outcome kind, List<Ending> endings) {
            this.kind = kind;
            this.endings = endings;
        }
    }
}

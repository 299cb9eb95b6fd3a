package io.procrastinate.job;

import io.procrastinate.driver.BlockingThreads;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets callers who defer at the same time share statements. Who finds nobody deferring goes at once, alone; those who come while
 * a statement is under way form the next one, which the first of them sends for all. So no thread is needed but the callers' own,
 * and no timer. Thread-safe.
 *
 * <p>Each caller gets his own id or his own failure. Where the server refuses a shared statement for what is in it, nothing was
 * stored, and each of its jobs goes again, alone. Where it is not certain that nothing was stored, none goes again.
 *
 * <p>One statement is under way at a time: the server lets transactions that notify commit one after the other, so that a second one
 * gains nothing, and jobs get their ids in the order in which they came.
 */
final class SharedDefers {

    /** More in one statement give no more speed. */
    private static final int MOST_JOBS = 500;

    /** So many characters of arguments fill a statement. */
    private static final int MOST_CHARACTERS = 1 << 20;

    /** Nobody can interrupt these. */
    private static final ExecutorService UNINTERRUPTED = BlockingThreads.perTask("procrastinate-defer");

    private final boolean callersWait;
    private final Function<NewJob, CompletionStage<Long>> alone;
    private final Function<List<NewJob>, CompletionStage<List<Long>>> together;
    private final Deque<Seat> waiting = new ArrayDeque<>();
    private boolean underWay;

    /** The thread on which a statement is under way, where callers wait. */
    private volatile @Nullable Thread sender;

    /**
     * @param callersWait whether the statements are sent on their callers' threads, so that these have to wait for their turn
     * @param alone defers one job
     * @param together defers several jobs in one statement
     */
    SharedDefers(
            boolean callersWait,
            Function<NewJob, CompletionStage<Long>> alone,
            Function<List<NewJob>, CompletionStage<List<Long>>> together) {
        this.callersWait = callersWait;
        this.alone = alone;
        this.together = together;
    }

    /** Defers a job, alone or with others. */
    CompletionStage<Long> defer(NewJob job) {
        if (Thread.currentThread() == sender) {
            return alone.apply(job); // a pool or a logger that defers jobs itself would wait for itself
        }
        Seat seat = new Seat(job);
        if (isFirst(seat)) {
            seat.leads.complete(true);
        } else if (callersWait) {
            Stages.join(seat.leads);
        }
        return seat.leads.thenCompose(leads -> leads ? lead(seat) : outcome(seat));
    }

    private synchronized boolean isFirst(Seat seat) {
        if (underWay) {
            waiting.add(seat);
            return false;
        }
        underWay = true;
        return true;
    }

    private CompletionStage<Long> lead(Seat leader) {
        List<Seat> seats = board(leader);
        if (seats.size() == 1) {
            return guarded(() -> alone.apply(leader.job)).whenComplete((id, failure) -> handOver());
        }
        List<NewJob> jobs = seats.stream().map(seat -> seat.job).toList();
        return undisturbed(() -> together.apply(jobs))
                .handle((ids, failure) -> {
                    // In this order: who is answered may come again at once, and then goes with the next.
                    answer(seats, ids, failure);
                    handOver();
                    return leader;
                })
                .thenCompose(this::outcome);
    }

    /** Those who go in the statement of the one that sends it. */
    private synchronized List<Seat> board(Seat leader) {
        List<Seat> seats = new ArrayList<>();
        seats.add(leader);
        int characters = leader.job.args().length();
        for (Seat next = waiting.peek(); next != null && seats.size() < MOST_JOBS; next = waiting.peek()) {
            characters += next.job.args().length();
            if (characters > MOST_CHARACTERS) {
                break;
            }
            seats.add(waiting.remove());
        }
        return seats;
    }

    /** Lets the next one send what has gathered. */
    private void handOver() {
        Seat next;
        synchronized (this) {
            next = waiting.poll();
            underWay = next != null;
        }
        if (next != null) {
            next.leads.complete(true);
        }
    }

    private static void answer(List<Seat> seats, @Nullable List<Long> ids, @Nullable Throwable failure) {
        for (int index = 0; index < seats.size(); index++) {
            Seat seat = seats.get(index);
            if (ids != null && ids.size() == seats.size()) {
                seat.id = ids.get(index);
            } else {
                seat.failure = failure == null
                        ? new IllegalStateException(seats.size() + " jobs were deferred, " + ids + " are their ids")
                        : Stages.cause(failure);
            }
            seat.leads.complete(false);
        }
    }

    /** What became of a job that went with others, told to its own caller. */
    private CompletionStage<Long> outcome(Seat seat) {
        Throwable failure = seat.failure;
        if (failure == null) {
            return CompletableFuture.completedFuture(seat.id);
        }
        if (JobStore.isNothingStored(failure)) {
            return alone.apply(seat.job);
        }
        // An exception belongs to one caller: what others do with it is not to be seen by him.
        boolean known = failure instanceof ConnectorException;
        return CompletableFuture.failedFuture(new ConnectorException(
                "Deferring together with other callers failed: " + failure.getMessage(),
                known ? ((ConnectorException) failure).sqlState() : null,
                known && ((ConnectorException) failure).isTransient(),
                failure));
    }

    /** An interrupt of a virtual thread closes the connection that it uses: where others share it, another thread does. */
    private <T> CompletionStage<T> undisturbed(Supplier<CompletionStage<T>> call) {
        if (!callersWait || !BlockingThreads.isOnVirtualThread()) {
            return guarded(call);
        }
        CompletableFuture<CompletionStage<T>> done = new CompletableFuture<>();
        UNINTERRUPTED.execute(() -> done.complete(guarded(call)));
        return Stages.join(done);
    }

    /** Whatever happens, the others must be told. */
    private <T> CompletionStage<T> guarded(Supplier<CompletionStage<T>> call) {
        sender = callersWait ? Thread.currentThread() : null;
        try {
            return call.get();
        } catch (RuntimeException | Error e) {
            return CompletableFuture.failedFuture(e);
        } finally {
            sender = null;
        }
    }

    /** A caller's place in a statement. Its outcome is written before its turn is told. */
    private static final class Seat {

        private final NewJob job;
        private final CompletableFuture<Boolean> leads = new CompletableFuture<>();
        private volatile long id;
        private volatile @Nullable Throwable failure;

        Seat(NewJob job) {
            this.job = job;
        }
    }
}

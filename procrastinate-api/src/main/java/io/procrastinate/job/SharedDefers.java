package io.procrastinate.job;

import io.procrastinate.driver.BlockingThreads;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets concurrent deferrals share statements. A caller that finds no statement in flight sends its job immediately, on
 * its own; those that come while a statement is in flight form the next one, which the first of them sends for all. So
 * no threads but the callers' own, and no timer, are needed. Thread-safe.
 *
 * <p>Each caller gets its own id or its own failure. If the server refuses a shared statement for its contents, nothing
 * was stored, and each of its jobs is sent again, alone. If something may have been stored, none is sent again.
 *
 * <p>Only one statement is in flight at a time: the server commits transactions with notifications one after the other,
 * so a second one would gain nothing, and jobs get their ids in the order in which they came.
 */
final class SharedDefers {

    /** More jobs in one statement would not be faster. */
    private static final int MOST_JOBS = 500;

    /** How many characters of arguments and headers fill a statement. */
    private static final int MOST_CHARACTERS = 1 << 20;

    /** Threads that no caller can interrupt. */
    private static final ExecutorService UNINTERRUPTED = BlockingThreads.perTask("procrastinate-defer");

    private final boolean callersWait;
    private final Function<NewJob, CompletionStage<Long>> alone;
    private final Function<List<NewJob>, CompletionStage<List<Long>>> together;
    private final Deque<Seat> waiting = new ArrayDeque<>();
    private boolean underWay;

    /** The thread that is sending a statement, if callers wait. */
    private volatile @Nullable Thread sender;

    /**
     * @param callersWait whether statements are sent on the callers' threads, which then have to wait for their turn
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
            return alone.apply(job); // a pool or a logger that itself defers jobs would wait for itself
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
                    // Order matters: a caller may defer again as soon as it has its answer, and then belongs to the
                    // next statement.
                    answer(seats, ids, failure);
                    handOver();
                    return leader;
                })
                .thenCompose(this::outcome);
    }

    /** The callers that share the statement of the one that sends it. */
    private synchronized List<Seat> board(Seat leader) {
        List<Seat> seats = new ArrayList<>();
        seats.add(leader);
        int characters = characters(leader.job);
        for (Seat next = waiting.peek(); next != null && seats.size() < MOST_JOBS; next = waiting.peek()) {
            characters += characters(next.job);
            if (characters > MOST_CHARACTERS) {
                break;
            }
            seats.add(waiting.remove());
        }
        return seats;
    }

    private static int characters(NewJob job) {
        int characters = job.args().length();
        for (Map.Entry<String, String> header : job.headers().entrySet()) {
            characters += header.getKey().length() + header.getValue().length();
        }
        return characters;
    }

    /** Lets the next caller send the jobs that have gathered. */
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

    /** The outcome of a job that shared a statement, for its own caller. */
    private CompletionStage<Long> outcome(Seat seat) {
        Throwable failure = seat.failure;
        if (failure == null) {
            return CompletableFuture.completedFuture(seat.id);
        }
        if (JobStore.isNothingStored(failure)) {
            return alone.apply(seat.job);
        }
        // Each caller gets an exception of its own, so that it does not see what others add to theirs.
        boolean known = failure instanceof ConnectorException;
        return CompletableFuture.failedFuture(new ConnectorException(
                "Deferring together with other callers failed: " + failure.getMessage(),
                known ? ((ConnectorException) failure).sqlState() : null,
                known && ((ConnectorException) failure).isTransient(),
                failure));
    }

    /**
     * An interrupt of a virtual thread closes the connection that it uses: a shared statement is sent on another
     * thread.
     */
    private <T> CompletionStage<T> undisturbed(Supplier<CompletionStage<T>> call) {
        if (!callersWait || !BlockingThreads.isOnVirtualThread()) {
            return guarded(call);
        }
        CompletableFuture<CompletionStage<T>> done = new CompletableFuture<>();
        UNINTERRUPTED.execute(() -> done.complete(guarded(call)));
        return Stages.join(done);
    }

    /** Whatever happens, the other callers must get an answer. */
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

    /** A caller's place in a statement. Its outcome is written before its turn is signalled. */
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

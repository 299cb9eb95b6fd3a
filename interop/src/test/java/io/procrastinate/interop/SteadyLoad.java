package io.procrastinate.interop;

import io.procrastinate.job.NewJob;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** Programs of both languages that defer all the time, no faster than the workers work. */
final class SteadyLoad implements AutoCloseable {

    private static final String QUEUE = "shared";
    private static final List<String> BATCH = Collections.nCopies(10, "{}");
    private static final long MOST_WAITING = 200;

    private final SharedQueue queue;
    private final List<Side> sides;
    private final CompletableFuture<Void> running;
    private volatile boolean stopping;
    private final AtomicLong deferred = new AtomicLong();
    private volatile Duration longestWait = Duration.ZERO;

    private SteadyLoad(SharedQueue queue) {
        this.queue = queue;
        this.sides = List.of(queue.java(), queue.python());
        // The first call starts Python, which is not to be measured.
        sides.forEach(side -> side.counts("queues"));
        this.running = CompletableFuture.runAsync(this::run);
    }

    static SteadyLoad start(SharedQueue queue) {
        return new SteadyLoad(queue);
    }

    /** How many jobs were deferred so far. */
    long deferred() {
        return deferred.get();
    }

    /** The longest time that deferring took since this was last asked. */
    Duration longestWait() {
        Duration longest = longestWait;
        longestWait = Duration.ZERO;
        return longest;
    }

    private void run() {
        for (int turn = 0; !stopping; turn++) {
            Side side = sides.get(turn % sides.size());
            NewJob locked = SharedQueue.job(QUEUE, "guarded").lock("lock " + turn % 5);
            long begun = System.nanoTime();
            deferred.addAndGet(
                    side.batchDefer(SharedQueue.job(QUEUE, "echo"), BATCH).size());
            side.defer(SharedQueue.job(QUEUE, "flaky"));
            side.defer(locked);
            deferred.addAndGet(2);
            Duration waited = Duration.ofNanos(System.nanoTime() - begun);
            longestWait = waited.compareTo(longestWait) > 0 ? waited : longestWait;
            SharedQueue.await("the workers work")
                    .until(() -> stopping
                            || queue.database()
                                            .number("SELECT count(*) FROM procrastinate_jobs"
                                                    + " WHERE queue_name = 'shared' AND status IN ('todo', 'doing')")
                                    < MOST_WAITING);
        }
    }

    /** Stops, and fails if deferring failed. */
    @Override
    public void close() {
        stopping = true;
        running.join();
    }
}

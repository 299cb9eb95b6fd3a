package io.procrastinate;

import io.procrastinate.driver.BlockingThreads;
import io.procrastinate.driver.Stages;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerHealth;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The workers of an app: they need its connector until they have ended. Thread-safe. */
final class AppWorkers {

    private static final Logger LOGGER = LoggerFactory.getLogger(AppWorkers.class);
    private static final Duration FOREVER = Duration.ofDays(365);

    /** Running workers are referenced by their own threads. */
    private final Set<Worker> workers = Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    private @Nullable Pending pending;

    /** What happens when some workers have ended. */
    private record Pending(List<Worker> stopping, CompletableFuture<@Nullable Void> done) {}

    Worker add(Worker worker) {
        workers.add(worker);
        return worker;
    }

    /**
     * Asks all to stop, and runs an action when they have ended. The stage completes when that is done; immediately if
     * the current thread is one that a worker waits for: it must not wait for the worker.
     */
    CompletionStage<@Nullable Void> stopBefore(Supplier<CompletionStage<@Nullable Void>> next) {
        List<Worker> stopping = running().toList();
        boolean waitForThisThread = stopping.stream().anyMatch(Worker::waitsForThisThread);
        stopping.forEach(worker -> worker.stopWithin(ShutdownHook.UNLESS_SET));
        CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
        synchronized (this) {
            Pending before = pending;
            if (before != null && !before.done.isDone() && before.stopping.containsAll(stopping)) {
                // Done once for all callers, or a late one would close what has been opened again.
                return waitForThisThread ? CompletableFuture.completedFuture(null) : before.done;
            }
            if (!stopping.isEmpty()) {
                pending = new Pending(stopping, done);
            }
        }
        if (stopping.isEmpty()) {
            return next.get();
        }
        BlockingThreads.daemons("procrastinate-closing")
                .newThread(() -> {
                    stopping.forEach(worker -> worker.awaitEnd(FOREVER));
                    try {
                        Stages.join(next.get());
                        done.complete(null);
                    } catch (RuntimeException | Error e) {
                        LOGGER.debug("The app could not be closed", e);
                        done.completeExceptionally(e);
                    }
                })
                .start();
        return waitForThisThread ? CompletableFuture.completedFuture(null) : done;
    }

    private Stream<Worker> running() {
        return List.copyOf(workers).stream().filter(worker -> {
            WorkerHealth.State state = worker.health().state();
            return state != WorkerHealth.State.NEW && state != WorkerHealth.State.ENDED;
        });
    }
}

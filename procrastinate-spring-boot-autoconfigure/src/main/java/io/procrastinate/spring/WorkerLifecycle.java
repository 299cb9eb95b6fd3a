package io.procrastinate.spring;

import io.procrastinate.App;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerHealth;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.springframework.context.SmartLifecycle;

/**
 * Runs the workers while the application runs: they start when everything else has, the web server included, and end
 * their jobs while it ends its requests. Each start makes new workers. Thread-safe.
 */
final class WorkerLifecycle implements SmartLifecycle {

    /** That in which Spring Boot ends the requests of a web server; the server itself starts in an earlier one. */
    private static final int PHASE = DEFAULT_PHASE - 1024;

    private final App app;
    private final List<WorkerOptions> options;
    private final boolean startsByItself;
    private final Duration limit;
    private final List<WorkerWatcher> watchers;
    private List<Worker> workers = List.of();

    /**
     * @param limit how long running jobs may go on when the application ends, unless a worker's options say
     * @param watchers told of each worker before it starts
     */
    WorkerLifecycle(
            App app,
            List<WorkerOptions> options,
            boolean startsByItself,
            Duration limit,
            List<WorkerWatcher> watchers) {
        this.app = app;
        this.options = options;
        this.startsByItself = startsByItself;
        this.limit = limit;
        this.watchers = watchers;
    }

    @Override
    public synchronized void start() {
        if (!isRunning()) {
            workers = options.stream().map(app::worker).toList();
            workers.forEach(worker -> watchers.forEach(watcher -> watcher.watch(worker)));
            workers.forEach(Worker::start);
        }
    }

    @Override
    public void stop() {
        ended().orTimeout(Math.max(1, limit.toSeconds() * 2), TimeUnit.SECONDS)
                .exceptionally(failure -> null)
                .join();
    }

    @Override
    public void stop(Runnable callback) {
        CompletionStage<?> ended = ended();
        ended.whenComplete((done, failure) -> callback.run());
    }

    private synchronized CompletableFuture<Void> ended() {
        List<Worker> ending = workers;
        workers = List.of();
        ending.forEach(worker -> worker.stopWithin(limit));
        return CompletableFuture.allOf(ending.stream()
                .map(worker -> worker.ended().toCompletableFuture())
                .toArray(CompletableFuture[]::new));
    }

    @Override
    public synchronized boolean isRunning() {
        return !workers.isEmpty();
    }

    @Override
    public boolean isAutoStartup() {
        return startsByItself;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }

    /** The health of each worker, by its name. */
    synchronized Map<String, WorkerHealth> health() {
        Map<String, WorkerHealth> health = new LinkedHashMap<>();
        for (int index = 0; index < workers.size(); index++) {
            health.put(options.get(index).name(), workers.get(index).health());
        }
        return health;
    }
}

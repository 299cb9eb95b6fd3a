package io.procrastinate.micrometer;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerHealth;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** What workers that have not ended report of themselves. Those of one name are one: their slots are added up. */
final class WorkerGauges {

    private final MeterRegistry registry;
    private final InstantSource clock;
    private final Map<String, Group> groups = new HashMap<>();

    WorkerGauges(MeterRegistry registry, InstantSource clock) {
        this.registry = registry;
        this.clock = clock;
    }

    /** Watches a worker until it ends. */
    void add(Worker worker) {
        String name = worker.name();
        synchronized (this) {
            groups.computeIfAbsent(name, this::group).workers.add(worker);
        }
        worker.ended().whenComplete((nothing, failure) -> remove(name, worker));
    }

    private synchronized void remove(String name, Worker worker) {
        Group group = groups.get(name);
        if (group != null && group.workers.remove(worker) && group.workers.isEmpty()) {
            groups.remove(name);
            group.meters.forEach(registry::remove);
        }
    }

    /** Forgets all workers. */
    synchronized void clear() {
        groups.values().forEach(group -> group.meters.forEach(registry::remove));
        groups.clear();
    }

    private Group group(String name) {
        List<Worker> workers = new CopyOnWriteArrayList<>();
        return new Group(
                workers,
                List.of(
                        gauge("procrastinate.worker.slots", "Jobs that the worker can run at the same time", name)
                                .apply(workers, all -> sum(all, WorkerHealth::concurrency)),
                        gauge("procrastinate.worker.slots.busy", "Jobs that the worker runs", name)
                                .apply(workers, all -> sum(all, WorkerHealth::runningJobs)),
                        gauge("procrastinate.worker.healthy", "1 if nothing is wrong with the worker, else 0", name)
                                .apply(workers, all -> all.stream().allMatch(Worker::isHealthy) ? 1 : 0),
                        TimeGauge.builder(
                                        "procrastinate.worker.heartbeat.age",
                                        workers,
                                        TimeUnit.MILLISECONDS,
                                        this::heartbeatAge)
                                .description("Time since the database last stored the worker's heartbeat")
                                .tag("worker", name)
                                .strongReference(true)
                                .register(registry)));
    }

    private Registration gauge(String meter, String description, String worker) {
        return (workers, value) -> Gauge.builder(meter, workers, value)
                .description(description)
                .tag("worker", worker)
                .strongReference(true)
                .register(registry);
    }

    private static double sum(List<Worker> workers, ToDoubleFunction<WorkerHealth> value) {
        return health(workers).mapToDouble(value).sum();
    }

    /** That of the worker whose heartbeat is oldest, in milliseconds; not a number before the first one. */
    private double heartbeatAge(List<Worker> workers) {
        Instant now = clock.instant();
        return health(workers)
                .map(WorkerHealth::lastHeartbeat)
                .flatMap(Stream::ofNullable)
                .mapToDouble(beat -> Duration.between(beat, now).toMillis())
                .max()
                .orElse(Double.NaN);
    }

    private static Stream<WorkerHealth> health(List<Worker> workers) {
        return workers.stream().map(Worker::health);
    }

    /** Registers a gauge of some workers. */
    @FunctionalInterface
    private interface Registration {

        Meter apply(List<Worker> workers, ToDoubleFunction<List<Worker>> value);
    }

    /** The workers of one name, and their meters. */
    private record Group(List<Worker> workers, List<Meter> meters) {}
}

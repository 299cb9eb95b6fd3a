package io.procrastinate.micrometer;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.procrastinate.driver.BlockingThreads;
import io.procrastinate.job.QueueBacklog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the database has, read from time to time by one thread: reading the meters sends no statement. While it cannot
 * be read there are no such meters, rather than old ones.
 */
final class BacklogGauges implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(BacklogGauges.class);

    private final MultiGauge jobs;
    private final MultiGauge age;
    private final MultiGauge workers;
    private final Names queues;
    private final Duration interval;

    /** The bits of the gauges' values: one that is registered anew each time would be missed by a reader in between. */
    private final Map<String, AtomicLong> values = new HashMap<>();

    private @Nullable ScheduledExecutorService poller;
    private boolean failing;
    private boolean closed;

    BacklogGauges(MeterRegistry registry, Names queues, Duration interval) {
        this.queues = queues;
        this.interval = interval;
        this.jobs = MultiGauge.builder("procrastinate.backlog.jobs")
                .description("Jobs in the database by their state")
                .register(registry);
        this.age = MultiGauge.builder("procrastinate.backlog.age")
                .description("How long the first of the jobs that are due has been so")
                .baseUnit("seconds")
                .register(registry);
        this.workers = MultiGauge.builder("procrastinate.workers")
                .description("Workers of all processes")
                .register(registry);
    }

    /** Begins to read: immediately, and then with the interval as a pause. */
    @SuppressWarnings("FutureReturnValueIgnored") // it ends with its executor
    synchronized void start(Backlog.Source source) {
        stop();
        closed = false;
        ScheduledExecutorService started =
                Executors.newSingleThreadScheduledExecutor(BlockingThreads.daemons("procrastinate-meters"));
        started.scheduleWithFixedDelay(() -> read(source), 0, interval.toMillis(), TimeUnit.MILLISECONDS);
        poller = started;
    }

    /** Reads once. */
    void read(Backlog.Source source) {
        try {
            Backlog backlog = source.read();
            synchronized (this) {
                if (!closed) {
                    show(backlog);
                    failing = false;
                }
            }
        } catch (RuntimeException | Error e) { // if it threw, nothing would be read any more
            failed(e);
        }
    }

    private synchronized void failed(Throwable failure) {
        hide();
        if (!failing && !closed) {
            failing = true;
            LOGGER.warn("Cannot read the backlog for its meters, they are absent until it can be read", failure);
        }
    }

    private void show(Backlog backlog) {
        Map<String, List<QueueBacklog>> byName = new HashMap<>();
        backlog.queues()
                .forEach(queue -> byName.computeIfAbsent(queues.of(queue.queue()), name -> new ArrayList<>())
                        .add(queue));
        // A queue that had jobs once stays: an alert must tell an empty one from one that is not measured.
        queues.all().forEach(name -> byName.putIfAbsent(name, List.of()));
        List<Row<?>> counts = new ArrayList<>();
        List<Row<?>> ages = new ArrayList<>();
        byName.forEach((name, parts) -> {
            counts.add(count(name, "due", parts, QueueBacklog::due));
            counts.add(count(name, "scheduled", parts, QueueBacklog::scheduled));
            counts.add(count(name, "locked", parts, QueueBacklog::locked));
            counts.add(count(name, "doing", parts, QueueBacklog::doing));
            counts.add(count(name, "failed", parts, QueueBacklog::failed));
            ages.add(row("age", Tags.of("queue", name), oldest(parts)));
        });
        jobs.register(counts);
        age.register(ages);
        workers.register(List.of(
                row("workers", Tags.of("state", "alive"), (double) backlog.workersAlive()),
                row("workers", Tags.of("state", "dead"), (double) backlog.workersDead())));
    }

    private void hide() {
        jobs.register(List.of());
        age.register(List.of());
        workers.register(List.of());
    }

    private Row<?> row(String meter, Tags tags, double value) {
        AtomicLong bits = values.computeIfAbsent(meter + tags, key -> new AtomicLong());
        bits.set(Double.doubleToLongBits(value));
        return Row.of(tags, bits, current -> Double.longBitsToDouble(current.get()));
    }

    private Row<?> count(String queue, String state, List<QueueBacklog> parts, ToDoubleFunction<QueueBacklog> jobs) {
        return row(
                "jobs",
                Tags.of("queue", queue, "state", state),
                parts.stream().mapToDouble(jobs).sum());
    }

    private static double oldest(List<QueueBacklog> parts) {
        return parts.stream()
                .map(QueueBacklog::oldestDue)
                .filter(Objects::nonNull)
                .mapToDouble(time -> time.toMillis() / 1000.0)
                .max()
                .orElse(0);
    }

    /** Ends reading; the meters disappear. */
    @Override
    public synchronized void close() {
        closed = true;
        stop();
        hide();
    }

    private void stop() {
        ScheduledExecutorService running = poller;
        poller = null;
        if (running != null) {
            running.shutdownNow();
        }
    }
}

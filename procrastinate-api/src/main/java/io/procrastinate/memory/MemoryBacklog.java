package io.procrastinate.memory;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import io.procrastinate.job.JobStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The queries of {@code job/backlog.sql}. */
final class MemoryBacklog {

    private final MemoryTables tables;

    MemoryBacklog(MemoryTables tables) {
        this.tables = tables;
    }

    Map<String, Function<BoundQuery, List<Row>>> byName() {
        return Map.of("backlog", query -> backlog(), "registered_workers", query -> workers());
    }

    private List<Row> backlog() {
        Row.Columns columns =
                Row.columns(List.of("queue_name", "due", "scheduled", "locked", "doing", "failed", "oldest_micros"));
        Map<String, List<MemoryJob>> queues = tables.jobs().stream()
                .filter(job -> job.is(JobStatus.TODO) || job.is(JobStatus.DOING) || job.is(JobStatus.FAILED))
                .collect(Collectors.groupingBy(job -> job.queue, TreeMap::new, Collectors.toList()));
        return queues.entrySet().stream()
                .map(entry -> columns.row(
                        entry.getKey(),
                        count(entry.getValue(), this::isDue),
                        count(entry.getValue(), job -> job.is(JobStatus.TODO) && !job.isDue(tables.now())),
                        count(
                                entry.getValue(),
                                job -> job.is(JobStatus.TODO) && job.isDue(tables.now()) && !tables.isHeadOfLock(job)),
                        count(entry.getValue(), job -> job.is(JobStatus.DOING)),
                        count(entry.getValue(), job -> job.is(JobStatus.FAILED)),
                        oldest(entry.getValue())))
                .toList();
    }

    private boolean isDue(MemoryJob job) {
        return job.is(JobStatus.TODO) && job.isDue(tables.now()) && tables.isHeadOfLock(job);
    }

    private static long count(List<MemoryJob> jobs, Predicate<MemoryJob> which) {
        return jobs.stream().filter(which).count();
    }

    private @Nullable Long oldest(List<MemoryJob> jobs) {
        return jobs.stream()
                .filter(this::isDue)
                .map(job -> job.scheduledAt == null ? job.deferredAt : job.scheduledAt)
                .min(Instant::compareTo)
                .map(this::microsSince)
                .orElse(null);
    }

    private List<Row> workers() {
        Row.Columns columns = Row.columns(List.of("id", "last_heartbeat", "silent_micros", "running"));
        return new TreeMap<>(tables.heartbeats())
                .entrySet().stream()
                        .map(worker -> columns.row(
                                worker.getKey(),
                                worker.getValue(),
                                microsSince(worker.getValue()),
                                tables.jobs().stream()
                                        .filter(job -> job.is(JobStatus.DOING)
                                                && worker.getKey().equals(job.workerId))
                                        .count()))
                        .toList();
    }

    private long microsSince(Instant time) {
        return Duration.between(time, tables.now()).toNanos() / 1000;
    }
}

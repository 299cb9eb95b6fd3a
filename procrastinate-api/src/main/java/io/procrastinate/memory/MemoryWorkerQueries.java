package io.procrastinate.memory;

import static io.procrastinate.memory.MemoryQueries.ids;
import static io.procrastinate.memory.MemoryQueries.number;
import static io.procrastinate.memory.MemoryQueries.one;
import static io.procrastinate.memory.MemoryQueries.requireText;
import static io.procrastinate.memory.MemoryQueries.text;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.job.JobStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The queries of workers, on tables in memory. */
final class MemoryWorkerQueries {

    private static final Row.Columns NEXT_DUE = Row.columns(List.of("millis", "asked_at"));

    private static final Row.Columns OUTCOME = Row.columns(List.of("id", "status"));

    private final MemoryTables tables;

    MemoryWorkerQueries(MemoryTables tables) {
        this.tables = tables;
    }

    Map<String, Function<BoundQuery, List<Row>>> byName() {
        return Map.ofEntries(
                Map.entry("is_optimized", query -> one("present", false)),
                Map.entry("fetch_jobs_plain", this::fetch),
                Map.entry("next_due_plain", this::nextDue),
                Map.entry("finish_jobs_plain", this::finish),
                Map.entry("retry_jobs_plain", this::retry),
                Map.entry("give_back", this::giveBack),
                Map.entry("register_worker", query -> one("id", tables.registerWorker())),
                Map.entry("heartbeat", this::heartbeat),
                Map.entry("unregister_worker", this::unregister),
                Map.entry("prune_workers", this::prune),
                Map.entry("reclaim", this::reclaim),
                Map.entry("held_jobs", this::held),
                Map.entry("job_states", this::states),
                Map.entry("stalled_jobs", this::stalled),
                Map.entry("rescue_jobs", this::rescue),
                Map.entry("notify", this::notifyChannel),
                Map.entry("now", query -> one("now", tables.now())),
                Map.entry("defer_periodic", this::deferPeriodic),
                Map.entry("defer_periodic_with_headers", this::deferPeriodic));
    }

    private List<Row> notifyChannel(BoundQuery query) {
        tables.notifyOf(requireText(query, "channel"), "");
        return one("sent", "");
    }

    private List<Row> fetch(BoundQuery query) {
        long workerId = number(query, "worker_id");
        List<MemoryJob> jobs = tables.fetchable(queue(query), (int) number(query, "limit"));
        if (!jobs.isEmpty() && !tables.hasWorker(workerId)) {
            throw SqlState.exception(
                    "Query fetch_jobs_plain",
                    "23503",
                    "no worker has the id " + workerId,
                    "procrastinate_jobs_worker_id_fkey",
                    null);
        }
        jobs.forEach(job -> {
            tables.set(job, JobStatus.DOING);
            job.workerId = workerId;
        });
        return jobs.stream().map(MemoryJob::row).toList();
    }

    private List<Row> nextDue(BoundQuery query) {
        Instant now = tables.now();
        Instant after = Instant.EPOCH.plus(number(query, "after_micros"), ChronoUnit.MICROS);
        Long millis = tables.jobs().stream()
                .filter(job -> job.is(JobStatus.TODO) && queue(query).test(job) && !job.isDue(after))
                .map(job -> Objects.requireNonNull(job.scheduledAt))
                .min(Comparator.naturalOrder())
                .map(due -> Duration.between(now, due).plusNanos(999_999).toMillis())
                .orElse(null);
        return List.of(NEXT_DUE.row(millis, ChronoUnit.MICROS.between(Instant.EPOCH, now)));
    }

    private List<Row> finish(BoundQuery query) {
        List<MemoryJob> stored = new ArrayList<>();
        for (MemoryValues row : MemoryValues.rows(query, "results")) {
            MemoryJob job = ours(row);
            if (job == null) {
                continue;
            }
            stored.add(job);
            if (row.bool("delete")) {
                tables.delete(job);
            } else {
                tables.set(job, JobStatus.of(row.requireText("status")));
                job.attempts++;
                job.abortRequested = false;
                job.error = row.text("error");
                job.result = row.jsonOrNull("result");
            }
        }
        return ids(stored);
    }

    private List<Row> retry(BoundQuery query) {
        return MemoryValues.rows(query, "retries").stream()
                .flatMap(row -> Stream.ofNullable(ours(row)).map(job -> OUTCOME.row(job.id, retry(job, row))))
                .toList();
    }

    private String retry(MemoryJob job, MemoryValues row) {
        job.error = row.text("error");
        if (job.abortRequested) {
            tables.set(job, JobStatus.FAILED);
            return "failed";
        }
        job.attempts++;
        if (tables.waitingWith(job.queueingLock) != null) {
            tables.set(job, JobStatus.FAILED);
            return "conflict";
        }
        job.scheduledAt = row.scheduledAt(tables.now(), "retry_at");
        tables.set(job, JobStatus.TODO);
        Long priority = row.numberOrNull("priority");
        job.priority = priority == null ? job.priority : priority.intValue();
        job.queue = Objects.requireNonNullElse(row.text("queue_name"), job.queue);
        String lock = row.text("lock");
        job.lock = lock == null ? job.lock : lock;
        return "todo";
    }

    private List<Row> giveBack(BoundQuery query) {
        List<Row> outcomes = new ArrayList<>();
        for (MemoryValues row : MemoryValues.rows(query, "jobs")) {
            MemoryJob job = ours(row);
            if (job != null) {
                outcomes.add(OUTCOME.row(job.id, giveBack(job)));
            }
        }
        return outcomes;
    }

    private String giveBack(MemoryJob job) {
        if (job.abortRequested) {
            return ended(job, JobStatus.ABORTED, "aborted");
        }
        if (tables.waitingWith(job.queueingLock) != null) {
            return ended(job, JobStatus.FAILED, "conflict");
        }
        tables.set(job, JobStatus.TODO);
        job.workerId = null;
        tables.notifyOf("job_inserted", job);
        return "todo";
    }

    private String ended(MemoryJob job, JobStatus status, String outcome) {
        tables.set(job, status);
        job.attempts++;
        job.abortRequested = false;
        return outcome;
    }

    private List<Row> heartbeat(BoundQuery query) {
        long workerId = number(query, "worker_id");
        return tables.heartbeat(workerId) ? one("beat_micros", micros(tables.now())) : List.of();
    }

    private List<Row> unregister(BoundQuery query) {
        tables.unregisterWorker(number(query, "worker_id"));
        return List.of();
    }

    private List<Row> prune(BoundQuery query) {
        if (isInTime(query)) {
            tables.silentWorkers(tables.now().minusSeconds(number(query, "seconds")))
                    .forEach(tables::unregisterWorker);
        }
        return List.of();
    }

    private List<Row> reclaim(BoundQuery query) {
        long workerId = number(query, "worker_id");
        List<MemoryJob> ours = MemoryValues.rows(query, "jobs").stream()
                .flatMap(row -> Stream.ofNullable(tables.job(row.number("id")))
                        .filter(job -> job.is(JobStatus.DOING) && job.attempts == row.number("attempts")))
                .filter(job -> job.workerId == null
                        || job.workerId == workerId
                        || job.workerId == number(query, "old_worker_id"))
                .toList();
        ours.forEach(job -> job.workerId = workerId);
        return ids(ours);
    }

    private List<Row> held(BoundQuery query) {
        Long workerId = number(query, "worker_id");
        return tables.jobs().stream()
                .filter(job -> job.is(JobStatus.DOING) && workerId.equals(job.workerId))
                .map(MemoryJob::row)
                .toList();
    }

    private List<Row> states(BoundQuery query) {
        List<?> ids = Objects.requireNonNull((List<?>) query.value("ids"));
        return tables.jobs().stream()
                .filter(job -> ids.contains(job.id))
                .map(MemoryJob::row)
                .toList();
    }

    private List<Row> stalled(BoundQuery query) {
        Instant since = tables.now().minusSeconds(number(query, "seconds"));
        return tables.jobs().stream()
                .filter(job -> isInTime(query) && job.id > number(query, "after_id"))
                .filter(job -> isStalled(job, since) && queue(query).test(job))
                .limit(number(query, "limit"))
                .map(MemoryJob::row)
                .toList();
    }

    private List<Row> rescue(BoundQuery query) {
        Instant since = tables.now().minusSeconds(number(query, "seconds"));
        List<Row> outcomes = new ArrayList<>();
        for (MemoryValues row : MemoryValues.rows(query, "jobs")) {
            MemoryJob job = tables.job(row.number("id"));
            if (job != null
                    && isInTime(query)
                    && isStalled(job, since)
                    && job.attempts == row.number("attempts")
                    && Objects.equals(job.workerId, row.numberOrNull("worker_id"))) {
                boolean retry = row.bool("retry") && !job.abortRequested;
                outcomes.add(OUTCOME.row(job.id, retry ? retry(job, row) : ended(job, JobStatus.FAILED, "failed")));
            }
        }
        return outcomes;
    }

    /** Whether the right to declare workers dead is still valid. */
    private boolean isInTime(BoundQuery query) {
        return micros(tables.now()) <= number(query, "until_micros");
    }

    private static long micros(Instant time) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, time);
    }

    private boolean isStalled(MemoryJob job, Instant since) {
        if (!job.is(JobStatus.DOING)) {
            return false;
        }
        return job.workerId == null ? job.lastEventAt.isBefore(since) : !tables.isAlive(job.workerId, since);
    }

    private List<Row> deferPeriodic(BoundQuery query) {
        String taskName = requireText(query, "task_name");
        String periodicId = requireText(query, "periodic_id");
        long timestamp = number(query, "timestamp");
        if (tables.isDeferred(taskName, periodicId, timestamp)) {
            return one("id", null);
        }
        MemoryJob job = tables.insert(
                requireText(query, "queue_name"),
                taskName,
                (int) number(query, "priority"),
                text(query, "lock"),
                text(query, "queueing_lock"),
                requireText(query, "args"),
                null);
        if (query.query().name().endsWith("with_headers")) {
            job.headers = text(query, "headers");
        }
        tables.markDeferred(taskName, periodicId, timestamp);
        return one("id", job.id);
    }

    /** The job of a claim, if the claim still holds. */
    private @Nullable MemoryJob ours(MemoryValues row) {
        MemoryJob job = tables.job(row.number("id"));
        boolean holds = job != null
                && job.is(JobStatus.DOING)
                && job.attempts == row.number("attempts")
                && (job.workerId == null || job.workerId == row.number("worker_id"));
        return holds ? job : null;
    }

    private static Predicate<MemoryJob> queue(BoundQuery query) {
        List<?> queues = (List<?>) query.value("queues");
        return job -> queues == null || queues.contains(job.queue);
    }
}

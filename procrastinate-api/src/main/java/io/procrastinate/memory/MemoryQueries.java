package io.procrastinate.memory;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.UniqueViolationException;
import io.procrastinate.job.JobStatus;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * This library's queries, by name, on tables in memory: those of the app here, those of workers in
 * {@link MemoryWorkerQueries}, those of its examination in {@link MemoryExamination}.
 */
final class MemoryQueries {

    private final MemoryTables tables;
    private final Map<String, Function<BoundQuery, List<Row>>> byName;

    MemoryQueries(MemoryTables tables) {
        this.tables = tables;
        this.byName = new HashMap<>(new MemoryWorkerQueries(tables).byName());
        byName.putAll(new MemoryBacklog(tables).byName());
        byName.putAll(new MemoryExamination(tables).byName());
        byName.put("schema_state", query -> schemaState());
        byName.put("defer_job", this::deferJob);
        byName.put("defer_job_with_headers", this::deferJob);
        byName.put("defer_jobs", this::deferJobs);
        byName.put("defer_jobs_with_headers", this::deferJobs);
        byName.put("has_headers", query -> one("present", true));
        byName.put("waiting_job", query -> ids(waiting(query)));
        byName.put("cancel_job", this::cancelJob);
        byName.put("job_status", this::jobStatus);
        byName.put("forget_abort_of_failed_job", this::forgetAbort);
        byName.put("retry_job", this::retryJob);
        byName.put("finish_job", this::finishJob);
        byName.put("delete_job", this::deleteJob);
        byName.put("delete_old_jobs", this::deleteOldJobs);
        // On a server they differ in the index that they read.
        for (String jobs : List.of("jobs", "waiting_jobs", "running_jobs", "ended_jobs")) {
            byName.put("list_" + jobs, this::listJobs);
            byName.put("count_" + jobs, this::countJobs);
        }
        byName.put("job_events", this::jobEvents);
    }

    List<Row> execute(BoundQuery query) {
        Function<BoundQuery, List<Row>> known = byName.get(query.query().name());
        if (known == null) {
            throw ConnectorException.refusal(
                    "The connector 'memory' has no SQL: it knows this library's queries by name, and "
                            + query.query().name() + " is none of them.");
        }
        return known.apply(query);
    }

    static List<Row> one(String column, @Nullable Object value) {
        return List.of(Row.columns(List.of(column)).row(value));
    }

    private static List<Row> schemaState() {
        Row.Columns columns = Row.columns(List.of("level", "missing", "strange", "former_functions", "former_trigger"));
        return List.of(columns.row("V3_4", List.of(), List.of(), false, false));
    }

    static List<Row> ids(List<MemoryJob> jobs) {
        Row.Columns columns = Row.columns(List.of("id"));
        return jobs.stream().map(job -> columns.row(job.id)).toList();
    }

    static @Nullable String text(BoundQuery query, String name) {
        return (String) query.value(name);
    }

    static String requireText(BoundQuery query, String name) {
        return Objects.requireNonNull(text(query, name));
    }

    static long number(BoundQuery query, String name) {
        return ((Number) Objects.requireNonNull(query.value(name))).longValue();
    }

    private List<MemoryJob> waiting(BoundQuery query) {
        MemoryJob job = tables.waitingWith(text(query, "queueing_lock"));
        return job == null ? List.of() : List.of(job);
    }

    private List<Row> deferJob(BoundQuery query) {
        Row.Columns columns = Row.columns(List.of("id", "inserted"));
        List<MemoryJob> waiting = waiting(query);
        if (!waiting.isEmpty()) {
            return List.of(columns.row(waiting.get(0).id, false));
        }
        MemoryJob job = tables.insert(
                requireText(query, "queue_name"),
                requireText(query, "task_name"),
                (int) number(query, "priority"),
                text(query, "lock"),
                text(query, "queueing_lock"),
                requireText(query, "args"),
                MemoryValues.scheduledAt(
                        tables.now(), query.value("scheduled_at"), (Long) query.value("delay_micros")));
        if (query.query().name().endsWith("with_headers")) {
            job.headers = text(query, "headers");
        }
        return List.of(columns.row(job.id, true));
    }

    private List<Row> deferJobs(BoundQuery query) {
        List<MemoryValues> rows = MemoryValues.rows(query, "jobs");
        List<String> locks = rows.stream()
                .map(row -> row.text("queueing_lock"))
                .filter(Objects::nonNull)
                .toList();
        locks.forEach(tables::requireFree);
        if (locks.stream().distinct().count() < locks.size()) {
            throw new UniqueViolationException(
                    "The batch has a queueing lock twice", "procrastinate_jobs_queueing_lock_idx_v1", null);
        }
        return ids(rows.stream().map(this::insert).toList());
    }

    private MemoryJob insert(MemoryValues row) {
        MemoryJob job = tables.insert(
                row.requireText("queue_name"),
                row.requireText("task_name"),
                (int) row.number("priority"),
                row.text("lock"),
                row.text("queueing_lock"),
                row.json("args"),
                row.scheduledAt(tables.now(), "scheduled_at"));
        job.headers = row.jsonOrNull("headers");
        return job;
    }

    private List<Row> cancelJob(BoundQuery query) {
        MemoryJob job = tables.job(number(query, "job_id"));
        boolean abort = Boolean.TRUE.equals(query.value("abort"));
        if (job == null) {
            return one("id", null);
        }
        if (Boolean.TRUE.equals(query.value("delete_job"))) {
            if (!job.is(JobStatus.TODO)) {
                return one("id", null);
            }
            tables.delete(job);
        } else if (job.is(JobStatus.TODO)) {
            if (abort) {
                job.events.add(new MemoryJob.MemoryEvent("abort_requested", tables.now()));
            }
            tables.set(job, JobStatus.CANCELLED);
            job.abortRequested = abort;
        } else if (job.is(JobStatus.DOING) && abort) {
            if (!job.abortRequested) {
                tables.notifyOf("abort_job_requested", job);
            }
            job.abortRequested = true;
            job.events.add(new MemoryJob.MemoryEvent("abort_requested", tables.now()));
        } else {
            return one("id", null);
        }
        return one("id", job.id);
    }

    private List<Row> jobStatus(BoundQuery query) {
        MemoryJob job = tables.job(number(query, "job_id"));
        return job == null ? List.of() : one("status", job.status.text());
    }

    private List<Row> forgetAbort(BoundQuery query) {
        MemoryJob job = tables.job(number(query, "job_id"));
        if (job != null && job.is(JobStatus.FAILED)) {
            job.abortRequested = false;
        }
        return List.of();
    }

    private List<Row> retryJob(BoundQuery query) {
        MemoryJob job = tables.job(number(query, "job_id"));
        if (job == null || !(job.is(JobStatus.DOING) || job.is(JobStatus.FAILED))) {
            throw MemoryTables.raised(
                    "Job was not found or has an invalid status to retry (job id: " + number(query, "job_id") + ")");
        }
        if (job.is(JobStatus.DOING) && job.abortRequested) {
            tables.set(job, JobStatus.FAILED);
            return one("done", "");
        }
        tables.requireFree(job.queueingLock);
        job.scheduledAt =
                MemoryValues.scheduledAt(tables.now(), query.value("retry_at"), (Long) query.value("delay_micros"));
        tables.set(job, JobStatus.TODO);
        job.attempts++;
        Integer priority = (Integer) query.value("priority");
        job.priority = priority == null ? job.priority : priority;
        job.queue = Objects.requireNonNullElse(text(query, "queue_name"), job.queue);
        String lock = text(query, "lock");
        job.lock = lock == null ? job.lock : lock;
        return one("done", "");
    }

    private List<Row> finishJob(BoundQuery query) {
        MemoryJob job = tables.job(number(query, "job_id"));
        if (job == null || !(job.is(JobStatus.DOING) || job.is(JobStatus.TODO))) {
            throw MemoryTables.raised("Job was not found or not in \"doing\" or \"todo\" status (job id: "
                    + number(query, "job_id") + ")");
        }
        job.attempts += job.is(JobStatus.DOING) ? 1 : 0;
        job.abortRequested = false;
        tables.set(job, JobStatus.of(requireText(query, "status")));
        return one("done", "");
    }

    private List<Row> deleteJob(BoundQuery query) {
        MemoryJob job = tables.job(number(query, "job_id"));
        if (job == null || job.is(JobStatus.DOING)) {
            return List.of();
        }
        tables.delete(job);
        return one("id", job.id);
    }

    private List<Row> deleteOldJobs(BoundQuery query) {
        List<MemoryJob> chunk = tables.jobs().stream()
                .filter(job -> job.id > number(query, "after_id"))
                .limit(number(query, "limit"))
                .toList();
        List<?> statuses = Objects.requireNonNull((List<?>) query.value("statuses"));
        String queue = text(query, "queue_name");
        Instant limit = tables.now().minusSeconds(number(query, "seconds"));
        List<MemoryJob> old = chunk.stream()
                .filter(job -> statuses.contains(job.status.text()) && job.lastEventAt.isBefore(limit))
                .filter(job -> queue == null || job.queue.equals(queue))
                .toList();
        old.forEach(tables::delete);
        Long last = chunk.isEmpty() ? null : chunk.get(chunk.size() - 1).id;
        return List.of(Row.columns(List.of("last_id", "deleted")).row(last, (long) old.size()));
    }

    private List<Row> listJobs(BoundQuery query) {
        return tables.jobs().stream()
                .filter(job -> job.id > number(query, "after_id"))
                .filter(job -> matches(query, "id", job.id) && matches(query, "worker_id", job.workerId))
                .filter(job -> matches(query, "queueing_lock", job.queueingLock) && matchesGroup(query, job))
                .filter(job -> query.value("stalled_micros") == null || isStalled(job, number(query, "stalled_micros")))
                .limit(number(query, "limit"))
                .map(MemoryJob::row)
                .toList();
    }

    private List<Row> jobEvents(BoundQuery query) {
        Row.Columns columns = Row.columns(List.of("type", "at"));
        MemoryJob job = tables.job(number(query, "job_id"));
        return job == null
                ? List.of()
                : job.events.stream()
                        .map(event -> columns.row(event.type(), event.at()))
                        .toList();
    }

    private boolean isStalled(MemoryJob job, long micros) {
        return job.is(JobStatus.DOING)
                && !tables.isAlive(job.workerId, tables.now().minus(micros, ChronoUnit.MICROS));
    }

    private List<Row> countJobs(BoundQuery query) {
        Function<MemoryJob, @Nullable String> by = switch (requireText(query, "by")) {
            case "queue_name" -> job -> job.queue;
            case "task_name" -> job -> job.taskName;
            default -> job -> job.lock;
        };
        Row.Columns columns = Row.columns(List.of("name", "status", "jobs"));
        Map<List<String>, Long> counts = tables.jobs().stream()
                .filter(job -> by.apply(job) != null && matchesGroup(query, job))
                .collect(Collectors.groupingBy(
                        job -> List.of(String.valueOf(by.apply(job)), job.status.text()), Collectors.counting()));
        return counts.entrySet().stream()
                .sorted(Map.Entry.comparingByKey(Comparator.comparing(key -> key.get(0))))
                .map(entry -> columns.row(entry.getKey().get(0), entry.getKey().get(1), entry.getValue()))
                .toList();
    }

    private static boolean matchesGroup(BoundQuery query, MemoryJob job) {
        return matches(query, "queue_name", job.queue)
                && matches(query, "task_name", job.taskName)
                && matches(query, "status", job.status.text())
                && matches(query, "lock", job.lock);
    }

    private static boolean matches(BoundQuery query, String name, @Nullable Object actual) {
        Object wanted = query.value(name);
        return wanted == null || wanted.equals(actual);
    }
}

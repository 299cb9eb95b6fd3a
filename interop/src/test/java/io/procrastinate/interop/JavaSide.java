package io.procrastinate.interop;

import io.procrastinate.App;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.job.CancelOption;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobCounts;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.NewJob;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The queue as programs in Java use it. */
final class JavaSide implements Side, AutoCloseable {

    private final ConnectorSettings database;
    private final App app;

    JavaSide(ConnectorSettings database) {
        this.database = database;
        this.app = App.create(database).open();
    }

    App app() {
        return app;
    }

    @Override
    public OptionalLong deferUnlessWaiting(NewJob job) {
        try {
            return OptionalLong.of(manager().defer(job));
        } catch (AlreadyEnqueuedException e) {
            return OptionalLong.empty();
        }
    }

    @Override
    public List<Long> batchDefer(NewJob template, List<String> args) {
        return manager().batchDefer(args.stream().map(template::args).toList());
    }

    @Override
    public boolean cancel(long id) {
        return manager().cancel(id);
    }

    @Override
    public boolean abort(long id) {
        return manager().cancel(id, CancelOption.ABORT);
    }

    @Override
    public void retry(long id, @Nullable String queue) {
        manager()
                .retry(
                        id,
                        queue == null
                                ? RetryDecision.now()
                                : RetryDecision.now().queue(queue));
    }

    @Override
    public String status(long id) {
        return word(manager().status(id));
    }

    @Override
    public List<Map<String, @Nullable Object>> jobs() {
        return manager().list(JobFilter.ALL).stream().map(JavaSide::fields).toList();
    }

    /** By the names that Python uses. */
    private static Map<String, @Nullable Object> fields(Job job) {
        Map<String, @Nullable Object> fields = new TreeMap<>();
        Instant at = job.scheduledAt();
        fields.put("id", (int) job.id());
        fields.put("status", word(job.status()));
        fields.put("queue", job.queue());
        fields.put("task_name", job.taskName());
        fields.put("priority", job.priority());
        fields.put("lock", job.lock());
        fields.put("queueing_lock", job.queueingLock());
        fields.put("task_kwargs", PythonDriver.read(job.args(), Map.class));
        fields.put("scheduled_at", at == null ? null : at.toString());
        fields.put("attempts", job.attempts());
        fields.put("abort_requested", job.abortRequested());
        fields.put("worker_id", job.workerId() == null ? null : job.workerId().intValue());
        return fields;
    }

    @Override
    public Map<String, Map<String, Long>> counts(String of) {
        List<JobCounts> rows = switch (of) {
            case "queues" -> manager().queues(JobFilter.ALL);
            case "tasks" -> manager().tasks(JobFilter.ALL);
            default -> manager().locks(JobFilter.ALL);
        };
        Map<String, Map<String, Long>> counts = new TreeMap<>();
        for (JobCounts row : rows) {
            Map<String, Long> byStatus = new TreeMap<>();
            byStatus.put("jobs_count", row.total());
            for (JobStatus status : JobStatus.values()) {
                byStatus.put(word(status), row.of(status));
            }
            byStatus.keySet().removeAll(Set.of("aborting", "unknown")); // of other releases; Python does not count them
            counts.put(String.valueOf(row.name()), byStatus);
        }
        return counts;
    }

    private static String word(JobStatus status) {
        return status.name().toLowerCase(Locale.ROOT);
    }

    private JobManager manager() {
        return app.jobManager();
    }

    @Override
    public RunningWorker startWorker(WorkerSetup setup) {
        return startWorker(JavaTasks.options(setup).build());
    }

    /** Starts a worker in this process, with an app of its own. */
    RunningWorker startWorker(WorkerOptions options) {
        App own = App.create(database);
        JavaTasks.addTo(own);
        return startWorker(own, options);
    }

    /** Starts a worker of an app, which is closed after it. */
    static RunningWorker startWorker(App app, WorkerOptions options) {
        Worker worker = app.worker(options);
        worker.start();
        return () -> {
            worker.close();
            app.close();
        };
    }

    /** Starts a worker in a separate process. */
    ChildProcess startWorkerProcess(WorkerSetup setup) {
        return ChildProcess.java(
                JavaWorker.class,
                database.host(),
                Integer.toString(database.port()),
                database.database(),
                Integer.toString(setup.concurrency()),
                String.join(",", setup.queues()));
    }

    @Override
    public void close() {
        app.close();
    }
}

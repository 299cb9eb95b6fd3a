package io.procrastinate.worker;

import io.procrastinate.exception.TaskNotFoundException;
import io.procrastinate.job.Job;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Logs what becomes of a worker and its jobs. Beside its text, each event has the keys of Procrastinate's logs: {@code action},
 * {@code worker} and {@code job}, which are maps, and of a run {@code start_timestamp}, {@code end_timestamp}, {@code duration},
 * all in seconds, and {@code result}. Thread-safe.
 */
final class WorkerLog {

    private static final Logger LOGGER = LoggerFactory.getLogger(Worker.class);
    private static final int MOST_RESULT_CHARACTERS = 250;

    private final WorkerOptions options;
    private final LongSupplier workerId;

    /** @param workerId the worker's id in the database, 0 before it has one */
    WorkerLog(WorkerOptions options, LongSupplier workerId) {
        this.options = options;
        this.workerId = workerId;
    }

    /** Starts an event of the worker. */
    LoggingEventBuilder event(Level level, String action) {
        return LOGGER.atLevel(level).addKeyValue("action", action).addKeyValue("worker", (Supplier<Object>)
                () -> worker(null));
    }

    /** Starts an event of a job. */
    LoggingEventBuilder event(Level level, String action, Job job) {
        return LOGGER.atLevel(level)
                .addKeyValue("action", action)
                .addKeyValue("worker", (Supplier<Object>) () -> worker(job.id()))
                .addKeyValue("job", (Supplier<Object>) () -> fields(job));
    }

    void starting(RunningJob run) {
        event(Level.INFO, "start_job", run.job())
                .addKeyValue("start_timestamp", seconds(run.startedAt()))
                .addArgument(text(run.job()))
                .log("Starting job {}");
    }

    /** The worker is to stop, and waits for this run. */
    void awaited(RunningJob run) {
        event(Level.INFO, "ending_job", run.job())
                .addArgument(options.name())
                .addArgument(text(run.job()))
                .addArgument((Supplier<Object>)
                        () -> String.format(Locale.ROOT, "%.3f", seconds(Duration.ofNanos(run.nanosSinceStart()))))
                .log("Waiting for job to finish: {}: {} (started {} s ago)");
    }

    /** A run has ended, and was stored as it is told here. */
    void ended(Ending ending) {
        Job job = ending.run().job();
        Outcome outcome = ending.outcome();
        if (ending.neverBegan()) {
            event(Level.DEBUG, "job_not_begun", job)
                    .addArgument(text(job))
                    .log("Job {} did not begin, and was given back");
            return;
        }
        Instant start = ending.run().startedAt();
        LoggingEventBuilder event = event(level(outcome), action(outcome), job)
                .addKeyValue("start_timestamp", seconds(start))
                .addKeyValue("duration", seconds(ending.duration()))
                .addKeyValue("end_timestamp", seconds(start.plus(ending.duration())));
        if (outcome == Outcome.LOST) {
            event.addArgument(text(job)).log("Job {} ended, but was no longer this worker's: its result is not stored");
            return;
        }
        if (outcome == Outcome.FAILED && ending.failure() instanceof TaskNotFoundException missing) {
            event(Level.ERROR, "task_not_found", job)
                    .addKeyValue("exception", missing.getMessage())
                    .log("Task was not found: {}", missing.getMessage());
        }
        Object value = ending.value();
        if (value != null) {
            event = event.addKeyValue("result", (Supplier<Object>) () -> shortened(value));
        }
        if (outcome == Outcome.FAILED) {
            event = event.setCause(ending.failure());
        }
        event.addArgument(text(job))
                .addArgument(outcome.text())
                .addArgument((Supplier<Object>) () -> String.format(Locale.ROOT, "%.3f", seconds(ending.duration())))
                .addArgument((Supplier<Object>) () -> value == null ? "" : " - Result: " + shortened(value))
                .log("Job {} ended with status: {}, lasted {} s{}");
    }

    private static Level level(Outcome outcome) {
        return switch (outcome) {
            case FAILED -> Level.ERROR;
            case LOST -> Level.WARN;
            case SUCCEEDED, RETRIED, ABORTED, GIVEN_BACK -> Level.INFO;
        };
    }

    private static String action(Outcome outcome) {
        return switch (outcome) {
            case SUCCEEDED -> "job_success";
            case FAILED -> "job_error";
            case RETRIED -> "job_error_retry";
            case ABORTED -> "job_aborted";
            case GIVEN_BACK -> "job_aborted_retry";
            case LOST -> "job_lost";
        };
    }

    private Map<String, @Nullable Object> worker(@Nullable Long jobId) {
        Map<String, @Nullable Object> worker = new LinkedHashMap<>();
        worker.put("name", options.name());
        worker.put("worker_id", workerId.getAsLong());
        worker.put("job_id", jobId);
        worker.put("queues", options.queues());
        return worker;
    }

    private static Map<String, @Nullable Object> fields(Job job) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("id", job.id());
        fields.put("status", job.status().text());
        fields.put("queue", job.queue());
        fields.put("priority", job.priority());
        fields.put("lock", job.lock());
        fields.put("queueing_lock", job.queueingLock());
        fields.put("task_name", job.taskName());
        fields.put("task_kwargs", job.args());
        fields.put(
                "scheduled_at",
                job.scheduledAt() == null ? null : job.scheduledAt().toString());
        fields.put("attempts", job.attempts());
        fields.put("abort_requested", job.abortRequested());
        fields.put("worker_id", job.workerId());
        fields.put("call_string", job.callString());
        return fields;
    }

    private static Supplier<?> text(Job job) {
        return job::callString;
    }

    private static double seconds(Instant instant) {
        return instant.getEpochSecond() + instant.getNano() / 1e9;
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    private static String shortened(Object value) {
        String text;
        try {
            text = value.toString();
        } catch (RuntimeException e) { // the application's code
            return "a " + value.getClass().getName() + " that cannot be shown: " + e;
        }
        return text.length() <= MOST_RESULT_CHARACTERS ? text : text.substring(0, MOST_RESULT_CHARACTERS) + "[...]";
    }
}

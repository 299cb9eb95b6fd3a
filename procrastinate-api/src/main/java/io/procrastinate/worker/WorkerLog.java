package io.procrastinate.worker;

import io.procrastinate.text.Printable;
import io.procrastinate.worker.JobResult.Outcome;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Logs what happens to a worker and its jobs. Besides its text, each event has the keys of Procrastinate's logs:
 * {@code action}, {@code worker} and {@code job}, the latter two being maps, and for a run {@code start_timestamp},
 * {@code end_timestamp}, {@code duration}, all in seconds, and {@code result}. Thread-safe.
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
        return event(level, action, (Long) null);
    }

    /** Starts an event of a run. */
    LoggingEventBuilder event(Level level, String action, RunningJob run) {
        return event(level, action, run.job().id()).addKeyValue("job", run.logged());
    }

    private LoggingEventBuilder event(Level level, String action, @Nullable Long jobId) {
        return LOGGER.atLevel(level).addKeyValue("action", action).addKeyValue("worker", (Supplier<Object>)
                () -> worker(jobId));
    }

    void starting(RunningJob run) {
        if (!LOGGER.isInfoEnabled()) {
            return;
        }
        event(Level.INFO, "start_job", run)
                .addKeyValue("start_timestamp", seconds(run.startedAt()))
                .addArgument((Supplier<?>) run.logged()::callString)
                .log("Starting job {}");
    }

    /** The worker is stopping, and waits for this run. */
    void awaited(RunningJob run) {
        event(Level.INFO, "ending_job", run)
                .addArgument(options.name())
                .addArgument((Supplier<?>) run.logged()::callString)
                .addArgument((Supplier<Object>) () -> shown(Duration.ofNanos(run.nanosSinceStart())))
                .log("Waiting for job to finish: {}: {} (started {} s ago)");
    }

    /**
     * A run has ended, and was stored as this ending. Throws nothing, whatever the application's classes or the log
     * throw.
     */
    void ended(Ending ending) {
        try {
            tell(ending);
        } catch (RuntimeException | Error e) {
            LOGGER.error(
                    "Job {} ended with status: {}, and logging the details failed: {}",
                    ending.run().job().id(),
                    ending.outcome().text(),
                    Printable.failure(e));
        }
    }

    private void tell(Ending ending) {
        RunningJob run = ending.run();
        Outcome outcome = ending.outcome();
        Throwable failure = ending.failure();
        if (ending.neverBegan()) {
            event(failure == null ? Level.DEBUG : Level.WARN, "job_not_begun", run)
                    .addArgument((Supplier<?>) run.logged()::callString)
                    .addArgument((Supplier<?>) () -> reason(failure))
                    .log("Job {} did not begin, and was given back{}");
            tellMore(run, outcome, failure);
            return;
        }
        Instant start = run.startedAt();
        LoggingEventBuilder event = event(level(outcome), action(outcome), run)
                .addKeyValue("start_timestamp", seconds(start))
                .addKeyValue("duration", seconds(ending.duration()))
                .addKeyValue("end_timestamp", seconds(start.plus(ending.duration())));
        if (outcome == Outcome.LOST) {
            event.addArgument((Supplier<?>) run.logged()::callString)
                    .addArgument((Supplier<?>) () -> reason(failure))
                    .log("Job {} ended, but was no longer this worker's: its result is not stored{}");
            tellMore(run, outcome, failure);
            return;
        }
        if (outcome == Outcome.FAILED && run.isTaskUnknown() && failure != null) {
            event(Level.ERROR, "task_not_found", run)
                    .addKeyValue("exception", String.valueOf(failure.getMessage()))
                    .log("Task was not found: {}", failure.getMessage());
        }
        Object value = ending.value();
        String result = value == null || !LOGGER.isEnabledForLevel(level(outcome)) ? null : shortened(value);
        if (result != null) {
            event = event.addKeyValue("result", result);
        }
        if (outcome == Outcome.FAILED && failure != null) {
            event = event.setCause(Printable.loggable(failure));
        }
        event.addArgument((Supplier<?>) run.logged()::callString)
                .addArgument(outcome.text())
                .addArgument((Supplier<Object>) () -> shown(ending.duration()))
                .addArgument((Supplier<Object>) () -> result == null ? reason(failure) : " - Result: " + result)
                .log("Job {} ended with status: {}, lasted {} s{}");
        if (outcome != Outcome.FAILED) {
            tellMore(run, outcome, failure);
        }
    }

    /** Logs the stack trace of a failure that does not end its job. */
    private void tellMore(RunningJob run, Outcome outcome, @Nullable Throwable failure) {
        if (failure != null && LOGGER.isDebugEnabled()) {
            event(Level.DEBUG, "job_stack_trace", run)
                    .setCause(Printable.loggable(failure))
                    .addArgument((Supplier<?>) run.logged()::callString)
                    .addArgument(outcome.text())
                    .log("Job {} ended with status: {}, because of this failure");
        }
    }

    private static String reason(@Nullable Throwable failure) {
        return failure == null ? "" : ": " + Printable.failure(failure);
    }

    private static Level level(Outcome outcome) {
        return switch (outcome) {
            case FAILED -> Level.ERROR;
            case LOST, RETRIED -> Level.WARN;
            case SUCCEEDED, ABORTED, GIVEN_BACK -> Level.INFO;
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

    private LoggedMap worker(@Nullable Long jobId) {
        long id = workerId.getAsLong();
        return new LoggedMap() {
            @Override
            Map<String, @Nullable Object> make() {
                Map<String, @Nullable Object> worker = new LinkedHashMap<>();
                worker.put("name", options.name());
                worker.put("worker_id", id);
                worker.put("job_id", jobId);
                worker.put("queues", options.queues());
                return worker;
            }
        };
    }

    private static double seconds(Instant instant) {
        return instant.getEpochSecond() + instant.getNano() / 1e9;
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    /** In seconds, to the millisecond. */
    private static String shown(Duration duration) {
        return BigDecimal.valueOf(duration.plusNanos(500_000).toMillis(), 3).toPlainString();
    }

    private static String shortened(Object value) {
        try {
            return Printable.text(String.valueOf(value.toString()), MOST_RESULT_CHARACTERS);
        } catch (RuntimeException | Error e) { // the application's code
            return "a " + value.getClass().getName() + " that cannot be shown: " + Printable.failure(e);
        }
    }
}

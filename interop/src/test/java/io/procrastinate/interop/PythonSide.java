package io.procrastinate.interop;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.interop.PythonDriver.PythonException;
import io.procrastinate.job.NewJob;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The queue as programs in Python use it. */
final class PythonSide implements Side, AutoCloseable {

    private final PythonRelease release;
    private final ConnectorSettings database;

    PythonSide(PythonRelease release, ConnectorSettings database) {
        this.release = release;
        this.database = database;
    }

    @Override
    public OptionalLong deferUnlessWaiting(NewJob job) {
        try {
            Map<String, @Nullable Object> options = options(job);
            options.put("args", PythonDriver.read(job.args(), Map.class));
            return OptionalLong.of(Long.parseLong(call("defer", options)));
        } catch (PythonException e) {
            if (e.type().equals("AlreadyEnqueued")) {
                return OptionalLong.empty();
            }
            throw e;
        }
    }

    @Override
    public List<Long> batchDefer(NewJob template, List<String> args) {
        Map<String, @Nullable Object> options = options(template);
        options.put(
                "args",
                args.stream().map(one -> PythonDriver.read(one, Map.class)).toList());
        return numbers(call("batch_defer", options));
    }

    private static Map<String, @Nullable Object> options(NewJob job) {
        Map<String, @Nullable Object> options = new HashMap<>();
        options.put("task", job.taskName());
        options.put("queue", job.queue());
        options.put("priority", job.priority());
        options.put("lock", job.lock());
        options.put("queueing_lock", job.queueingLock());
        Instant at = job.at();
        Duration delay = job.in();
        if (at != null) {
            options.put("schedule_at", at.toString().replace("Z", "+00:00"));
        }
        if (delay != null) {
            options.put("schedule_in", Map.of("seconds", delay.toMillis() / 1000.0));
        }
        return options;
    }

    @Override
    public boolean cancel(long id) {
        return Boolean.parseBoolean(call("cancel", Map.of("id", id, "abort", false)));
    }

    @Override
    public boolean abort(long id) {
        return Boolean.parseBoolean(call("cancel", Map.of("id", id, "abort", true)));
    }

    @Override
    public void retry(long id, @Nullable String queue) {
        call("retry", queue == null ? Map.of("id", id) : Map.of("id", id, "queue", queue));
    }

    @Override
    public String status(long id) {
        return (String) PythonDriver.read(call("status", Map.of("id", id)), String.class);
    }

    @Override
    public List<Map<String, @Nullable Object>> jobs() {
        List<Map<String, @Nullable Object>> jobs = new ArrayList<>();
        for (Map<String, @Nullable Object> job : maps(call("jobs", Map.of()))) {
            Map<String, @Nullable Object> copy = new TreeMap<>(job);
            copy.computeIfPresent(
                    "scheduled_at",
                    (key, at) ->
                            OffsetDateTime.parse(String.valueOf(at)).toInstant().toString());
            jobs.add(copy);
        }
        return jobs;
    }

    @Override
    public Map<String, Map<String, Long>> counts(String of) {
        Map<String, Map<String, Long>> counts = new TreeMap<>();
        for (Map<String, @Nullable Object> row : maps(call("counts", Map.of("of", of)))) {
            Map<String, Long> byStatus = new TreeMap<>();
            row.forEach((column, value) -> {
                if (value instanceof Integer count) {
                    byStatus.put(column, count.longValue());
                }
            });
            counts.put(String.valueOf(row.get("name")), byStatus);
        }
        return counts;
    }

    /** The jobs that Python considers stalled. */
    List<Long> stalled() {
        return numbers(call("stalled", Map.of()));
    }

    /** Retries stalled jobs as Procrastinate's documentation recommends. */
    void retryStalled() {
        call("retry_stalled", Map.of());
    }

    /** Removes the workers that have been silent for longer, as each worker does when it starts; returns their ids. */
    List<Long> prune(Duration silence) {
        return numbers(call("prune", Map.of("seconds", silence.toMillis() / 1000.0)));
    }

    @Override
    public ChildProcess startWorker(WorkerSetup setup) {
        return startWorker("peer_app.app", setup);
    }

    /** A worker with the tasks of an app, run by the command line. */
    ChildProcess startWorker(String app, WorkerSetup setup) {
        String polling =
                new BigDecimal(setup.polling().toMillis()).movePointLeft(3).toPlainString();
        return release.procrastinate(
                database,
                app,
                Stream.concat(
                                Stream.of(
                                        "worker",
                                        "--concurrency=" + setup.concurrency(),
                                        "--fetch-job-polling-interval=" + polling,
                                        "--abort-job-polling-interval=" + polling),
                                setup.queues().isEmpty()
                                        ? Stream.of()
                                        : Stream.of("--queues=" + String.join(",", setup.queues())))
                        .toArray(String[]::new));
    }

    /** Runs Procrastinate's command line to its end; returns its output. */
    String command(String... arguments) {
        try (ChildProcess process = release.procrastinate(database, "peer_app.app", arguments)) {
            if (process.awaitExit(Duration.ofSeconds(60)) != 0) {
                throw new IllegalStateException("Failed: " + process);
            }
            return process.output();
        }
    }

    private String call(String name, Map<String, ?> arguments) {
        return release.driver().call(database, name, arguments);
    }

    @Override
    public void close() {
        call("close", Map.of());
    }

    private static List<Long> numbers(String json) {
        List<?> read = (List<?>) PythonDriver.read(json, List.class);
        return read.stream().map(number -> ((Number) number).longValue()).toList();
    }

    @SuppressWarnings("unchecked") // the codec reads objects as maps with text keys
    private static List<Map<String, @Nullable Object>> maps(String json) {
        return (List<Map<String, @Nullable Object>>) PythonDriver.read(json, List.class);
    }
}

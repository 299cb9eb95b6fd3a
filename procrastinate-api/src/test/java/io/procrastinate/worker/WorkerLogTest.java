package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.procrastinate.App;
import io.procrastinate.exception.JobAbortedException;
import io.procrastinate.job.NewJob;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.retry.RetryStrategy;
import io.procrastinate.task.Periodic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

/** The events that a worker logs, with Procrastinate's keys. */
class WorkerLogTest {

    private final Logger logger = (Logger) LoggerFactory.getLogger("io.procrastinate");
    private final Queue<ILoggingEvent> events = new ConcurrentLinkedQueue<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            event.prepareForDeferredProcessing();
            events.add(event);
        }
    };
    private final App app =
            App.builder().connector(new InMemoryConnector()).build().open();

    @BeforeEach
    void listen() {
        appender.start();
        logger.addAppender(appender);
        logger.setLevel(Level.DEBUG);
        logger.setAdditive(false);
    }

    @AfterEach
    void close() {
        logger.detachAppender(appender);
        logger.setLevel(null);
        logger.setAdditive(true);
        app.close();
    }

    @Test
    void tellsTheLifeOfAWorkerAndItsJobs() {
        app.task("sum").call(args -> 12);
        long id = app.configureTask("sum").queue("q").lock("L").defer(Map.of("a", 5));

        run();

        assertThat(events)
                .extracting(event -> value(event, "action"))
                .containsSubsequence("start_worker", "start_job", "stop_worker", "stopping_worker", "stop_worker")
                .containsSubsequence("start_job", "job_success", "stop_worker");
        ILoggingEvent ended = event("job_success");
        assertThat(ended.getFormattedMessage())
                .matches("Job sum\\[" + id + "]\\(a=5\\) ended with status: Success, lasted \\d+\\.\\d{3} s"
                        + " - Result: 12");
        assertThat(ended.getLevel()).isEqualTo(Level.INFO);
        assertThat(map(ended, "worker"))
                .containsEntry("name", "w")
                .containsEntry("job_id", id)
                .containsEntry("queues", List.of("q"))
                .containsKey("worker_id");
        assertThat(map(ended, "job"))
                .containsEntry("id", id)
                .containsEntry("task_name", "sum")
                .containsEntry("queue", "q")
                .containsEntry("lock", "L")
                .containsEntry("queueing_lock", null)
                .containsEntry("attempts", 0)
                .containsEntry("call_string", "sum[" + id + "](a=5)");
        assertThat(value(ended, "result")).isEqualTo("12");
        double duration = (double) Objects.requireNonNull(value(ended, "duration"));
        double start = (double) Objects.requireNonNull(value(ended, "start_timestamp"));
        assertThat(duration).isBetween(0.0, 60.0);
        assertThat((double) Objects.requireNonNull(value(ended, "end_timestamp")))
                .isGreaterThanOrEqualTo(start);
    }

    @Test
    void tellsAFailureAsTheOnlyError() {
        app.task("flaky").retry(1).run(args -> {
            throw new IllegalStateException("broken");
        });
        app.configureTask("flaky").queue("q").defer(Map.of());

        run();

        assertThat(event("job_error_retry").getLevel()).isEqualTo(Level.WARN);
        assertThat(event("job_error_retry").getFormattedMessage()).contains("ended with status: Error, to retry");
        assertThat(event("job_error").getLevel()).isEqualTo(Level.ERROR);
        assertThat(event("job_error").getThrowableProxy().getMessage()).isEqualTo("broken");
        assertThat(events).filteredOn(event -> event.getLevel() == Level.ERROR).hasSize(1);
    }

    @Test
    void tellsWhyAJobIsRetriedAtOnceAndWithItsStackTraceAtDebug() {
        app.task("flaky").retry(1).run(args -> {
            throw new IllegalStateException("bro\nken", new IllegalArgumentException("deeper"));
        });
        app.configureTask("flaky").queue("q").defer(Map.of());

        run();

        assertThat(event("job_error_retry").getFormattedMessage())
                .matches("Job flaky\\[1]\\(\\) ended with status: Error, to retry, lasted \\d+\\.\\d{3} s:"
                        + " java\\.lang\\.IllegalStateException: bro\\\\nken");
        assertThat(event("job_error_retry").getThrowableProxy()).isNull();
        ILoggingEvent more = event("job_stack_trace");
        assertThat(more.getLevel()).isEqualTo(Level.DEBUG);
        assertThat(more.getThrowableProxy().getCause().getMessage()).isEqualTo("deeper");
    }

    @Test
    void tellsWhyAJobWasAborted() {
        app.task("stopping").run(args -> {
            throw new JobAbortedException("enough");
        });
        app.configureTask("stopping").queue("q").defer(Map.of());

        run();

        assertThat(event("job_aborted").getFormattedMessage())
                .contains("ended with status: Aborted", ": " + JobAbortedException.class.getName() + ": enough");
        assertThat(event("job_stack_trace").getThrowableProxy().getMessage()).isEqualTo("enough");
    }

    @Test
    void tellsWhyArgumentsThatDoNotFitFailAtOnceWhateverTheStrategySays() {
        app.task("confirm", Confirmation.class).retry(3).run(args -> {});
        app.jobManager().defer(NewJob.of("confirm").queue("q").args("{\"orderId\": 1}"));

        run();

        ILoggingEvent ended = event("job_error");
        assertThat(ended.getLevel()).isEqualTo(Level.ERROR);
        assertThat(ended.getFormattedMessage())
                .contains("The arguments do not fit the task confirm", "fails immediately and is not retried");
        assertThat(events).extracting(event -> value(event, "action")).doesNotContain("job_error_retry");
    }

    @Test
    void aBodyThatDefersWronglyIsRetriedLikeAnyOther() {
        app.task("confirm", Confirmation.class).run(args -> {});
        app.task("unknown").retry(1).run(args -> app.configureTask("nobody").defer(Map.of()));
        app.task("misfit").retry(1).run(args -> app.configureTask("confirm").defer(Map.of("x", 1)));
        app.configureTask("unknown").queue("q").defer(Map.of());
        app.configureTask("misfit").queue("q").defer(Map.of());

        run();

        assertThat(events)
                .filteredOn(event -> "job_error_retry".equals(value(event, "action")))
                .hasSize(2);
        assertThat(events).extracting(event -> value(event, "action")).doesNotContain("task_not_found");
    }

    @Test
    void showsTextOfOthersOnOneLine() {
        String forged = "t\nERROR forged\u001b[31m\u2028\u202e";
        app.jobManager()
                .defer(NewJob.of(forged)
                        .queue("q")
                        .lock("l\n")
                        .queueingLock("ql\n")
                        .args("{\"a\\n\": \"\\n\"}"));

        run();

        assertThat(events)
                .isNotEmpty()
                .allSatisfy(event -> assertThat(
                                event.getFormattedMessage() + event.getKeyValuePairs() + event.getMDCPropertyMap())
                        .doesNotContain("\n", "\u001b", "\u2028", "\u202e"));
        assertThat(event("task_not_found").getFormattedMessage()).contains("t\\nERROR forged\\u001b[31m\\u2028\\u202e");
        assertThat(events)
                .filteredOn(event -> event.getThrowableProxy() != null)
                .allSatisfy(event ->
                        assertThat(event.getThrowableProxy().getMessage()).doesNotContain("\n"));
    }

    @Test
    void cutsLongArgumentsUnlessMoreIsAskedFor() {
        app.task("big").run(args -> {});
        String text = "x".repeat(5_000_000);
        app.configureTask("big").queue("q").defer(Map.of("text", text));

        run();

        assertThat(events)
                .allSatisfy(event -> assertThat(event.getFormattedMessage() + event.getKeyValuePairs())
                        .hasSizeLessThan(3000));
        assertThat(event("start_job").getFormattedMessage()).contains("big[1](text='xxx", "x[...])");

        app.configureTask("big").queue("q").defer(Map.of("text", "y".repeat(700)));
        run(WorkerOptions.builder().loggedCharacters(Integer.MAX_VALUE));
        assertThat(events)
                .filteredOn(event -> "job_success".equals(value(event, "action")))
                .last()
                .satisfies(event ->
                        assertThat(event.getFormattedMessage()).contains("big[2](text='" + "y".repeat(700) + "')"));
    }

    @Test
    void describesAJobOnceForAllItsLines() {
        app.task("sum").call(args -> 12);
        app.configureTask("sum").queue("q").defer(Map.of("a", 5));

        run();

        ILoggingEvent started = event("start_job");
        ILoggingEvent ended = event("job_success");
        assertThat(ended.getArgumentArray()[0]).isEqualTo("sum[1](a=5)").isSameAs(started.getArgumentArray()[0]);
        assertThat(value(ended, "job")).isSameAs(value(started, "job"));
        assertThat(map(ended, "job").get("call_string")).isSameAs(started.getArgumentArray()[0]);
        assertThat(map(ended, "job")).hasToString(String.valueOf(value(started, "job")));
        assertThat(String.valueOf(value(ended, "job")))
                .as("as text, without the arguments, which are in the line itself")
                .contains("id=1", "task_name=sum")
                .doesNotContain("a=5", "task_kwargs");
    }

    @Test
    void makesNoTextOfWhatItDoesNotLog() {
        AtomicInteger shown = new AtomicInteger();
        app.task("odd").call(args -> new Object() {
            @Override
            public String toString() {
                return "shown " + shown.incrementAndGet();
            }
        });
        app.configureTask("odd").queue("q").defer(Map.of());
        run();
        assertThat(event("job_success").getFormattedMessage()).endsWith(" - Result: shown 1");
        assertThat(value(event("job_success"), "result")).isEqualTo("shown 1");

        logger.setLevel(Level.WARN);
        app.configureTask("odd").queue("q").defer(Map.of());
        run();

        assertThat(shown).hasValue(1);
    }

    @Test
    void makesTheValueOfAKeyWhenItIsReadAndOnce() {
        AtomicInteger made = new AtomicInteger();
        LoggedMap map = new LoggedMap() {
            @Override
            Map<String, @Nullable Object> make() {
                return new HashMap<>(Map.of("made", made.incrementAndGet()));
            }
        };
        assertThat(made).hasValue(0);

        assertThat(map).containsExactly(Map.entry("made", 1)).hasToString("{made=1}");
        assertThat(made).hasValue(1);
    }

    @Test
    void tellsOfExceptionsWhoseOwnCodeFails() {
        List<JobResult> results = new ArrayList<>();
        app.task("mute").retry(RetryStrategy.forever()).run(args -> {
            throw new Mute();
        });
        app.configureTask("mute").queue("q").defer(Map.of());

        run(WorkerOptions.builder().onJobEnded(results::add));

        assertThat(results)
                .singleElement()
                .satisfies(result -> assertThat(result.failure()).isInstanceOf(Mute.class));
        assertThat(event("job_error").getFormattedMessage())
                .contains(Mute.class.getName() + ", whose message cannot be");
        assertThat(event("job_error").getThrowableProxy().getStackTraceElementProxyArray())
                .isNotEmpty();
    }

    /** Nothing of it can be read. */
    private static final class Mute extends RuntimeException {

        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("in getMessage");
        }

        @Override
        public synchronized Throwable getCause() {
            throw new IllegalStateException("in getCause");
        }
    }

    record Confirmation(long order) {}

    @Test
    void tellsThatATaskWasNotFoundBeforeItsJobFails() {
        app.externalTask("elsewhere").queue("q").defer(Map.of());

        run();

        assertThat(events)
                .extracting(event -> value(event, "action"))
                .containsSubsequence("start_job", "task_not_found", "job_error");
        ILoggingEvent missing = event("task_not_found");
        assertThat(missing.getLevel()).isEqualTo(Level.ERROR);
        assertThat(missing.getFormattedMessage())
                .startsWith("Task was not found: No task named elsewhere is registered");
        assertThat(String.valueOf(value(missing, "exception"))).startsWith("No task named elsewhere");
        assertThat(map(missing, "job")).containsEntry("task_name", "elsewhere");
    }

    @Test
    void tellsForWhichJobsAStoppingWorkerWaits() {
        app.task("stopping").body((context, args) -> {
            context.stopWorker();
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> events.stream().anyMatch(event -> "ending_job".equals(value(event, "action"))));
            return "stopped";
        });
        long id = app.configureTask("stopping").queue("q").defer(Map.of());

        run();

        assertThat(event("ending_job").getFormattedMessage())
                .matches(
                        "Waiting for job to finish: w: stopping\\[" + id + "]\\(\\) \\(started \\d+\\.\\d{3} s ago\\)");
        assertThat(event("ending_job").getLevel()).isEqualTo(Level.INFO);
    }

    @Test
    void shortensALongResultAndSurvivesOneThatCannotBeShown() {
        app.task("long").call(args -> "x".repeat(1000));
        app.task("odd").call(args -> new Object() {
            @Override
            public String toString() {
                throw new IllegalStateException("unprintable");
            }
        });
        app.configureTask("long").queue("q").defer(Map.of());
        app.configureTask("odd").queue("q").defer(Map.of());

        run();

        assertThat(events)
                .filteredOn(event -> "job_success".equals(value(event, "action")))
                .extracting(event -> String.valueOf(value(event, "result")))
                .satisfiesExactlyInAnyOrder(
                        result -> assertThat(result).isEqualTo("x".repeat(250) + "[...]"),
                        result -> assertThat(result).contains("cannot be shown", "unprintable"));
    }

    @Test
    void tellsWhatIsDeferredAlsoByTheClock() {
        app.task("one").run(args -> {});
        long id = app.configureTask("one").defer(Map.of());
        app.task("tick").periodic(Periodic.cron("* * * * * *")).run(args -> {});

        try (Worker worker = app.worker(WorkerOptions.builder().build())) {
            worker.start();
            await().atMost(Duration.ofSeconds(30))
                    .until(() ->
                            events.stream().anyMatch(event -> "periodic_task_deferred".equals(value(event, "action"))));
        }

        assertThat(value(event("jobs_deferred"), "task")).isEqualTo("one");
        assertThat(value(event("jobs_deferred"), "job_id")).isEqualTo(id);
        assertThat(value(event("periodic_task_deferred"), "task")).isEqualTo("tick");
        assertThat(value(event("periodic_task_deferred"), "job_id")).isNotNull();
    }

    private void run() {
        run(WorkerOptions.builder());
    }

    private void run(WorkerOptions.Builder options) {
        app.runWorker(options.name("w")
                .queues("q")
                .waitForJobs(false)
                .installShutdownHook(false)
                .build());
    }

    private ILoggingEvent event(String action) {
        return events.stream()
                .filter(event -> action.equals(value(event, "action")))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + action + " among " + events));
    }

    private static @Nullable Object value(ILoggingEvent event, String key) {
        List<KeyValuePair> pairs = event.getKeyValuePairs();
        return pairs == null
                ? null
                : pairs.stream()
                        .filter(pair -> pair.key.equals(key))
                        .map(pair -> pair.value)
                        .findFirst()
                        .orElse(null);
    }

    @SuppressWarnings("unchecked") // what is read only
    private static Map<String, Object> map(ILoggingEvent event, String key) {
        return (Map<String, Object>) Objects.requireNonNull(value(event, key));
    }
}

package io.procrastinate.job;

import static io.procrastinate.job.JobEventType.ABORT_REQUESTED;
import static io.procrastinate.job.JobEventType.CANCELLED;
import static io.procrastinate.job.JobEventType.DEFERRED;
import static io.procrastinate.job.JobEventType.DEFERRED_FOR_RETRY;
import static io.procrastinate.job.JobEventType.FAILED;
import static io.procrastinate.job.JobEventType.SCHEDULED;
import static io.procrastinate.job.JobEventType.STARTED;
import static io.procrastinate.job.JobEventType.SUCCEEDED;
import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.driver.Stages;
import io.procrastinate.fixture.AppDatabase;
import io.procrastinate.task.ProcrastinateTask;
import io.procrastinate.worker.ErrorText;
import io.procrastinate.worker.WorkerOptions;
import java.math.BigDecimal;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is stored of a job that has run: its times, its error, its result; and its events. */
class StoredDetailsTest {

    private AppDatabase database;
    private App app;

    @BeforeEach
    void open() throws SQLException {
        database = AppDatabase.withSchema();
        app = App.create(database.settings());
        Stages.join(app.openAsync());
    }

    @AfterEach
    void close() throws SQLException {
        app.close();
        database.close();
    }

    @Test
    void tellsTheTimesOfAJob() throws SQLException {
        AtomicReference<Job> seen = new AtomicReference<>();
        app.task("t").body((context, args) -> {
            seen.set(context.job());
            return null;
        });
        long id = app.configureTask("t").defer(Map.of());
        Job waiting = job(id);
        assertThat(waiting.deferredAt()).isNotNull();
        assertThat(waiting.startedAt()).isNull();
        assertThat(waiting.waited()).isNull();
        assertThat(waiting.ran()).isNull();

        work();

        Job ended = job(id);
        Job ran = Objects.requireNonNull(seen.get());
        assertThat(ran.deferredAt()).isEqualTo(waiting.deferredAt()).isEqualTo(ended.deferredAt());
        assertThat(ran.startedAt()).isEqualTo(ended.startedAt()).isAfterOrEqualTo(ended.deferredAt());
        assertThat(ended.waited()).isEqualTo(Duration.between(ended.deferredAt(), ended.startedAt()));
        assertThat(ended.ran()).isEqualTo(Duration.between(ended.startedAt(), ended.endedAt()));
        assertThat(ended.error()).isNull();
        assertThat(ended.result()).isNull();
    }

    @Test
    void aScheduledJobWaitsFromItsTimeOn() throws SQLException {
        app.task("t").run(args -> {});
        long id =
                app.configureTask("t").at(Instant.parse("2001-01-01T00:00:00Z")).defer(Map.of());
        database.run("UPDATE procrastinate_jobs SET java_deferred_at = '2000-01-01Z'");

        work();

        assertThat(job(id).waited())
                .isEqualTo(Duration.between(Instant.parse("2001-01-01T00:00:00Z"), job(id).startedAt()));
    }

    @Test
    void keepsTheErrorOfARetryUntilTheJobSucceeds() {
        app.task("t").retry(1).body((context, args) -> {
            if (context.job().attempts() == 0) {
                throw new IllegalStateException("not yet", new IllegalArgumentException("the cause"));
            }
            assertThat(context.job().error()).startsWith("java.lang.IllegalStateException: not yet\n    at ");
            return null;
        });
        app.task("bad").run(args -> {
            throw new IllegalStateException("bad \u0000 \ud800 " + "x".repeat(100_000));
        });
        long again = app.configureTask("t").defer(Map.of());
        long bad = app.configureTask("bad").defer(Map.of());

        work();

        assertThat(job(again).status()).isEqualTo(JobStatus.SUCCEEDED);
        assertThat(job(again).error()).isNull();
        assertThat(job(bad).status()).isEqualTo(JobStatus.FAILED);
        assertThat(job(bad).error())
                .startsWith("java.lang.IllegalStateException: bad ")
                .hasSizeLessThan(ErrorText.MOST_CHARACTERS + 10);
        assertThat(app.jobManager().events(again))
                .extracting(JobEvent::type)
                .containsExactly(DEFERRED, STARTED, SCHEDULED, DEFERRED_FOR_RETRY, STARTED, SUCCEEDED);
        assertThat(Stages.join(app.jobManager().eventsAsync(bad)))
                .extracting(JobEvent::type)
                .containsExactly(DEFERRED, STARTED, FAILED);
    }

    @Test
    void namesTheFirstFramesOfTheFailureAndOfItsCauses() {
        app.task("t").run(args -> {
            throw new IllegalStateException("outer", new IllegalArgumentException("inner"));
        });
        long id = app.configureTask("t").defer(Map.of());

        work();

        assertThat(job(id).error())
                .contains("\n    at " + StoredDetailsTest.class.getName())
                .contains("\nCaused by: java.lang.IllegalArgumentException: inner\n    at ");
        assertThat(Objects.requireNonNull(job(id).error()).lines()).hasSize(2 + 2 * ErrorText.FRAMES);
    }

    @Test
    void storesOfAnErrorWhatTheApplicationLetsIt() {
        app.task("t").run(args -> {
            throw new IllegalStateException("password=secret");
        });
        List<ErrorText> texts = List.of(
                ErrorText.none(),
                ErrorText.classOnly(),
                (job, failure) ->
                        job.id() + " " + String.valueOf(failure.getMessage()).replaceAll("=.*", "=***"),
                (job, failure) -> {
                    throw new IllegalStateException("the hook itself");
                });
        for (ErrorText text : texts) {
            app.configureTask("t").defer(Map.of());
            app.runWorker(
                    WorkerOptions.builder().waitForJobs(false).errorText(text).build());
        }

        assertThat(app.jobManager().list(JobFilter.ALL))
                .allSatisfy(job -> assertThat(job.status()).isEqualTo(JobStatus.FAILED))
                .extracting(Job::error)
                .containsExactly(null, "java.lang.IllegalStateException", "3 password=***", null);
    }

    @Test
    void storesTheResultsOfTasksThatAskForIt() {
        app.task("sum").storeResult(true).call(args -> Map.of("sum", 42, "of", List.of(40, 2)));
        app.task("silent").call(args -> "nobody asked");
        app.task("nothing").storeResult(true).call(args -> null);
        app.task("long").storeResult(true).call(args -> "x".repeat(200_000));
        app.task("odd").storeResult(true).call(args -> "\u0000");
        app.task("half").storeResult(true).call(args -> "\ud800");
        app.task("huge").storeResult(true).call(args -> new BigDecimal("1e200000"));
        app.task("path").storeResult(true).call(args -> "C:\\u0000");
        app.task("circle").storeResult(true).call(args -> {
            List<Object> itself = new ArrayList<>();
            itself.add(itself);
            return itself;
        });
        app.addTasks(new Adder());
        List.of("sum", "silent", "nothing", "long", "odd", "half", "huge", "path", "circle", "add")
                .forEach(task -> app.configureTask(task).defer(Map.of()));

        work();

        assertThat(app.jobManager().list(JobFilter.ALL))
                .allSatisfy(job -> assertThat(job.status()).isEqualTo(JobStatus.SUCCEEDED))
                .extracting(Job::result)
                .containsExactly(
                        "{\"of\": [40, 2], \"sum\": 42}",
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        "\"C:\\\\u0000\"",
                        null,
                        "3");
    }

    @Test
    void tellsWhatHappensToAJobThatIsTakenBack() {
        Instant at = Instant.parse("2100-01-01T00:00:00Z");
        long id = app.externalTask("t").at(at).defer(Map.of());
        app.jobManager().cancel(id, CancelOption.ABORT);

        assertThat(app.jobManager().events(id))
                .extracting(JobEvent::type)
                .containsExactly(SCHEDULED, DEFERRED, ABORT_REQUESTED, CANCELLED);
        assertThat(app.jobManager().events(id).get(0).at()).isEqualTo(at);
        assertThat(app.jobManager().events(77)).isEmpty();
        assertThat(job(id).endedAt()).isNotNull();
        assertThat(job(id).ran()).isNull();
    }

    /** On the original's tables there is no place for them: they are absent. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void neitherTimesNorWordsAreKnownOnTheOriginalsTables(boolean fails) {
        app.schemaManager().deoptimize();
        app.task("t").storeResult(true).call(args -> {
            if (fails) {
                throw new IllegalStateException();
            }
            return 1;
        });
        long id = app.configureTask("t").defer(Map.of());

        work();

        Job job = job(id);
        assertThat(job.status()).isEqualTo(fails ? JobStatus.FAILED : JobStatus.SUCCEEDED);
        assertThat(List.of(
                        String.valueOf(job.deferredAt()),
                        String.valueOf(job.startedAt()),
                        String.valueOf(job.endedAt()),
                        String.valueOf(job.error()),
                        String.valueOf(job.result()),
                        String.valueOf(job.waited()),
                        String.valueOf(job.ran())))
                .containsOnly("null");
        assertThat(app.jobManager().events(id))
                .extracting(JobEvent::type)
                .containsExactly(DEFERRED, STARTED, fails ? FAILED : SUCCEEDED);
    }

    private void work() {
        app.runWorker(WorkerOptions.builder().waitForJobs(false).build());
    }

    private Job job(long id) {
        return app.jobManager().list(JobFilter.ALL.id(id)).get(0);
    }

    static final class Adder {

        @ProcrastinateTask(name = "add", storeResult = true)
        int add() {
            return 1 + 2;
        }
    }
}

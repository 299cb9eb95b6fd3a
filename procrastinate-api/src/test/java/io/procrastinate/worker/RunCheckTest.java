package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.job.CancelOption;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobStatus;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.task.AbortReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Hints that something is to abort, true and false ones. The clock is moved by hand. */
class RunCheckTest {

    private final InMemoryConnector connector = new InMemoryConnector();
    private final App app = App.builder().connector(connector).build().open();
    private final WorkerOptions options = WorkerOptions.builder()
            .concurrency(5)
            .abortPollingInterval(Duration.ofHours(1))
            .build();
    private final List<String> sent = new ArrayList<>();
    private long refused;
    private long now;
    private final WorkerStore store = new WorkerStore((query, connection) -> execute(query));
    private final JobRunner runner = new JobRunner(
            options,
            new WorkerLog(options, () -> 1),
            code -> {},
            app.tasks(),
            app.jobManager(),
            ending -> {},
            () -> {},
            () -> {});
    private final Registration registration = new Registration(options, store, runner);
    private final ResultWriter writer = new ResultWriter(store, registration, () -> true, () -> true, ending -> {});
    private final RunCheck runCheck = new RunCheck(options, store, registration, runner, writer, () -> now);

    private CompletionStage<List<Row>> execute(BoundQuery query) {
        String name = query.query().name();
        sent.add(name);
        return name.equals("give_back") && String.valueOf(query.value("jobs")).contains("\"id\":" + refused + ",")
                ? CompletableFuture.failedFuture(SqlState.exception(name, "P0001", "refused", null, null))
                : connector.execute(query);
    }

    @BeforeEach
    void registerTask() {
        app.task("work").run(args -> {});
    }

    @AfterEach
    void close() {
        app.close();
    }

    private List<Job> fetch(int many) {
        for (int n = 0; n < many; n++) {
            app.configureTask("work").defer(Map.of());
        }
        return store.fetch(registration.id(), null, many);
    }

    private RunningJob start(Job job) {
        runner.start(job, registration.id());
        return runner.running().stream()
                .filter(run -> run.job().equals(job))
                .findAny()
                .orElseThrow();
    }

    private void requestAbort(Job job) {
        assertThat(app.jobManager().cancel(job.id(), CancelOption.ABORT)).isTrue();
    }

    private long looks() {
        return sent.stream().filter("held_jobs"::equals).count();
    }

    @Test
    void aHintDecidesNothing() {
        RunningJob run = start(fetch(1).get(0));

        runCheck.hint();
        runCheck.check();

        assertThat(looks()).isOne();
        assertThat(run.abortReason()).isNull();
    }

    @Test
    void abortsWhatTheDatabaseWantsAborted() {
        List<Job> jobs = fetch(2);
        RunningJob first = start(jobs.get(0));
        RunningJob second = start(jobs.get(1));
        requestAbort(jobs.get(1));

        runCheck.hint();
        runCheck.check();

        assertThat(first.abortReason()).isNull();
        assertThat(second.abortReason()).isEqualTo(AbortReason.USER_REQUEST);
    }

    @Test
    void aFloodOfHintsCostsFewLooks() {
        start(fetch(1).get(0));
        for (int n = 0; n < 1000; n++) {
            runCheck.hint();
            runCheck.check();
        }
        assertThat(looks()).isOne();

        now += TimeUnit.SECONDS.toNanos(1);
        assertThat(runCheck.check()).isEqualTo(options.abortPollingInterval());

        assertThat(looks()).isEqualTo(2);
    }

    @Test
    void abortsSoonWhatWasFetchedAMomentAgo() {
        Job job = fetch(1).get(0);
        requestAbort(job);
        runCheck.hint();
        Duration pause = runCheck.check();
        assertThat(pause).isLessThan(Duration.ofSeconds(1));
        RunningJob run = start(job);

        now += pause.toNanos();
        runCheck.check();

        assertThat(run.abortReason()).isEqualTo(AbortReason.USER_REQUEST);
    }

    @Test
    void doesNotLookForEverForWhatNeverBegins() {
        requestAbort(fetch(1).get(0));
        runCheck.hint();
        Duration pause = runCheck.check();
        for (int looks = 0; looks < 100 && pause.compareTo(options.abortPollingInterval()) < 0; looks++) {
            now += pause.toNanos();
            pause = runCheck.check();
        }

        assertThat(pause).isEqualTo(options.abortPollingInterval());
    }

    @Test
    void asksNothingWhileNothingRuns() {
        runCheck.check();

        assertThat(looks()).isZero();
    }

    @Test
    void givesBackTheOthersThatAreLostWhereOneIsRefused() {
        refused = fetch(3).get(1).id();

        assertThat(runCheck.giveBackLostFetches()).isFalse();

        assertThat(connector.jobs())
                .extracting(Job::status)
                .containsExactly(JobStatus.TODO, JobStatus.DOING, JobStatus.TODO);
        refused = 0;
        assertThat(runCheck.giveBackLostFetches()).isTrue();
        assertThat(connector.jobs()).extracting(Job::status).containsOnly(JobStatus.TODO);
    }
}

package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobStatus;
import io.procrastinate.testing.InMemoryConnector;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A worker that is stopped while a fetch is under way, or told of jobs. Threads are whatever the test runs next. */
class JobFetcherTest {

    private final InMemoryConnector connector = new InMemoryConnector();
    private final App app = App.builder().connector(connector).build().open();
    private final WorkerOptions options =
            WorkerOptions.builder().concurrency(2).localQueueSize(10).build();
    private final List<String> sent = new ArrayList<>();
    private final Queue<Runnable> threads = new ArrayDeque<>();
    private Runnable whenStarted = () -> {};
    private UnaryOperator<CompletionStage<List<Row>>> answerOfFetch = answer -> answer;
    private final WorkerStore store = new WorkerStore((query, connection) -> execute(query));
    private final JobRunner runner = new JobRunner(
            options,
            new WorkerLog(options, () -> 1),
            this::begin,
            app.tasks(),
            app.jobManager(),
            ending -> {},
            () -> {},
            () -> {});
    private final Registration registration = new Registration(options, store, runner);
    private final ResultWriter writer = new ResultWriter(store, registration, () -> true, () -> true, ending -> {});
    private final JobFetcher fetcher = new JobFetcher(
            options,
            store,
            registration,
            new Custody(options, store, registration, runner, writer),
            runner,
            writer,
            () -> {});

    private CompletionStage<List<Row>> execute(BoundQuery query) {
        sent.add(query.query().name());
        CompletionStage<List<Row>> answer = connector.execute(query);
        return query.query().name().startsWith("fetch_jobs") ? answerOfFetch.apply(answer) : answer;
    }

    private void begin(Runnable code) {
        threads.add(code);
        whenStarted.run();
    }

    @BeforeEach
    void deferThreeJobs() {
        app.task("work").run(args -> {});
        for (int count = 0; count < 3; count++) {
            app.configureTask("work").defer(Map.of());
        }
    }

    @AfterEach
    void close() {
        app.close();
    }

    /** As a worker is. */
    private void stop() {
        fetcher.stop();
        runner.stopWaiting();
    }

    @Test
    void givesBackWhatAFetchBringsAfterTheStop() {
        answerOfFetch = answer -> {
            stop();
            return answer;
        };

        fetcher.fetch();

        assertThat(threads).isEmpty();
        assertThat(runner.isIdle()).isTrue();
        assertThat(connector.jobs()).extracting(Job::status).containsOnly(JobStatus.TODO);
        assertThat(connector.jobs()).extracting(Job::attempts).containsOnly(0);
    }

    @Test
    void givesBackWhatWasNotStartedBeforeTheStop() {
        whenStarted = this::stop;

        fetcher.fetch();

        assertThat(threads).hasSize(1);
        assertThat(runner.running()).hasSize(1);
        assertThat(connector.jobs())
                .extracting(Job::status)
                .containsExactly(JobStatus.DOING, JobStatus.TODO, JobStatus.TODO);
    }

    @Test
    void neitherRegistersNorFetchesAgainAfterTheStop() {
        answerOfFetch = answer -> {
            stop();
            return CompletableFuture.failedFuture(new ConnectorException("no such worker", "23503", false, null));
        };

        fetcher.fetch();

        assertThat(sent).filteredOn("register_worker"::equals).hasSize(1);
        assertThat(sent).filteredOn(name -> name.startsWith("fetch_jobs")).hasSize(1);
    }

    @Test
    void givesBackAtOnceWhatTheWriterCouldNot() {
        Job taken = store.fetch(registration.id(), null, 1, false).get(0);
        RunningJob run = new RunningJob(taken, registration.id(), options, app.tasks(), app.jobManager(), () -> {});
        writer.add(new Judge(options, app.tasks()).failed(run, Outcome.GIVEN_BACK, null, null));
        app.close();
        assertThatThrownBy(writer::write).isInstanceOf(ProcrastinateException.class);
        app.open();

        fetcher.fetch();

        assertThat(runner.running()).extracting(started -> started.job().id()).contains(taken.id());
        assertThat(writer.hasLeftUnsure()).isFalse();
    }

    @Test
    void letsOthersGoFirstWhoKeepBeingFaster() {
        long other = store.register();
        List<Job> taken = store.fetch(other, null, 3, false);

        assertThat(looksFor(taken.get(2).id(), 10_000))
                .as("looks for what another took")
                .isLessThan(10_000);

        app.configureTask("work").defer(Map.of());
        await().until(() -> {
            fetcher.fetch();
            return !runner.isIdle();
        });
        assertThat(looksFor(taken.get(2).id(), 1))
                .as("looks after having been the first")
                .isEqualTo(1);
    }

    @Test
    void doesNotPauseForWhatNobodyTook() {
        await().until(() -> {
            fetcher.fetch();
            while (!threads.isEmpty()) {
                threads.remove().run();
            }
            return connector.jobs().stream().allMatch(job -> job.status() == JobStatus.DOING);
        });
        long mine = connector.jobs().get(0).id();
        long scheduled = app.configureTask("work").in(Duration.ofDays(1)).defer(Map.of());

        assertThat(looksFor(mine, 500)).isEqualTo(500);
        assertThat(looksFor(scheduled, 500)).isEqualTo(500);
    }

    /** How many statements look for a job that the worker is told of so many times. */
    private long looksFor(long jobId, int times) {
        sent.clear();
        for (int time = 0; time < times; time++) {
            fetcher.told(jobId);
            fetcher.fetch();
        }
        return sent.stream().filter(name -> name.startsWith("fetch_jobs")).count();
    }
}

package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.App;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobStatus;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.worker.JobResult.Outcome;
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

/** A worker that is stopped while a fetch is under way. Threads are whatever the test runs next. */
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
            new RunCheck(options, store, registration, runner, writer, System::nanoTime),
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
        Job taken = store.fetch(registration.id(), null, 1).get(0);
        RunningJob run = new RunningJob(taken, registration.id(), options, app.tasks(), app.jobManager(), () -> {});
        writer.add(new OutcomeDecider(options, app.tasks()).failed(run, Outcome.GIVEN_BACK, null, null));
        app.close();
        assertThatThrownBy(writer::write).isInstanceOf(ProcrastinateException.class);
        app.open();

        fetcher.fetch();

        assertThat(runner.running()).extracting(started -> started.job().id()).contains(taken.id());
        assertThat(writer.hasLeftUnsure()).isFalse();
    }
}

package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import io.procrastinate.job.Job;
import io.procrastinate.job.RetryOptions;
import io.procrastinate.testing.InMemoryConnector;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is stored of runs when their job has gone other ways meanwhile, and when the database refuses or is silent. */
class ResultWriterTest {

    private final InMemoryConnector connector = new InMemoryConnector();
    private final App app = App.builder().connector(connector).build().open();
    private final WorkerOptions options = WorkerOptions.defaults();
    private final List<Ending> stored = new ArrayList<>();
    private final Function<BoundQuery, CompletionStage<List<Row>>> database = connector::execute;
    private final WorkerStore store = new WorkerStore((query, connection) -> database.apply(query));
    private final JobRunner runner = new JobRunner(
            options,
            new WorkerLog(options, () -> 1),
            Runnable::run,
            app.tasks(),
            app.jobManager(),
            ending -> {},
            () -> {},
            () -> {});
    private final Registration registration = new Registration(options, store, runner);
    private final ResultWriter writer = new ResultWriter(store, registration, stored::add);
    private final Judge judge = new Judge(options, app.tasks());

    @BeforeEach
    void registerTask() {
        app.task("work").run(args -> {});
    }

    @AfterEach
    void close() {
        app.close();
    }

    private long defer() {
        return app.configureTask("work").defer(Map.of());
    }

    private List<RunningJob> fetch() {
        List<RunningJob> runs = new ArrayList<>();
        for (Job job : store.fetch(registration.id(), null, 10, false)) {
            runs.add(new RunningJob(job, registration.id(), options, app.tasks(), app.jobManager(), () -> {}));
        }
        return runs;
    }

    private void writeWhatArrived() {
        while (writer.write().equals(Duration.ZERO)) {
            assertThat(writer.unstored()).isPositive();
        }
    }

    @Test
    void tellsTwoRunsOfAJobApart() {
        long id = defer();
        RunningJob first = fetch().get(0);
        app.jobManager().retry(id, RetryOptions.NOW);
        RunningJob second = fetch().get(0);

        writer.add(judge.success(first, null));
        writer.add(judge.success(second, null));
        writeWhatArrived();

        assertThat(stored).extracting(Ending::run).containsExactly(first, second);
        assertThat(stored).extracting(Ending::outcome).containsExactly(Outcome.LOST, Outcome.SUCCEEDED);
        assertThat(connector.jobs().get(0).attempts()).isEqualTo(2);
    }
}

package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.App;
import io.procrastinate.job.Job;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.task.AbortReason;
import io.procrastinate.worker.JobResult.Outcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of jobs that wait for a slot of their worker. Threads are whatever the test runs next. */
class LocalQueueTest {

    private final App app = App.builder().connector(new InMemoryConnector()).build();
    private final WorkerOptions options =
            WorkerOptions.builder().localQueueSize(10).build();
    private final Queue<Runnable> threads = new ArrayDeque<>();
    private final List<Ending> endings = new ArrayList<>();
    private final List<Long> ran = new ArrayList<>();
    private boolean outOfThreads;
    private @Nullable CompletableFuture<Void> going;
    private JobRunner runner;

    @BeforeEach
    @SuppressWarnings("FutureReturnValueIgnored") // the runner waits for it
    void startThreeJobs() {
        app.task("work").body((context, args) -> {
            ran.add(context.job().id());
            return going;
        });
        runner = new JobRunner(
                options,
                new WorkerLog(options, () -> 1),
                this::execute,
                app.tasks(),
                app.jobManager(),
                endings::add,
                () -> {},
                () -> {});
        for (long id = 1; id <= 3; id++) {
            runner.start(job(id), 1);
        }
    }

    private void execute(Runnable code) {
        if (outOfThreads) {
            throw new RejectedExecutionException("no thread is left");
        }
        threads.add(code);
    }

    private static Job job(long id) {
        return Job.builder(id, "work").workerId(1L).build();
    }

    private void runAll() {
        while (!threads.isEmpty()) {
            threads.remove().run();
        }
    }

    @Test
    void jobsBeginInTheirOrderAsSlotsBecomeFree() {
        assertThat(threads).hasSize(1);
        assertThat(runner.begun()).isEqualTo(1);
        assertThat(runner.running()).hasSize(3);

        runAll();

        assertThat(ran).containsExactly(1L, 2L, 3L);
        assertThat(endings).extracting(Ending::outcome).containsOnly(Outcome.SUCCEEDED);
        assertThat(runner.isIdle()).isTrue();
    }

    @Test
    void aJobThatIsAbortedBeforeItBeginsNeverDoes() {
        runner.abort(waiting(2), AbortReason.USER_REQUEST);

        assertThat(endings).extracting(Ending::outcome).containsExactly(Outcome.ABORTED);
        runAll();
        assertThat(ran).containsExactly(1L, 3L);
    }

    @Test
    void aJobThatIsTakenAwayBeforeItBeginsNeverDoes() {
        runner.lose(waiting(3));

        assertThat(endings).extracting(ending -> ending.run().job().id()).containsExactly(3L);
        assertThat(endings).extracting(Ending::outcome).containsExactly(Outcome.GIVEN_BACK);
        runAll();
        assertThat(ran).containsExactly(1L, 2L);
    }

    private RunningJob waiting(long id) {
        return runner.running().stream()
                .filter(run -> run.job().id() == id)
                .findAny()
                .orElseThrow();
    }

    @Test
    void whatWaitsIsGivenBackWhenTheWorkerStops() {
        runner.stopWaiting();

        assertThat(endings).extracting(Ending::outcome).containsExactly(Outcome.GIVEN_BACK, Outcome.GIVEN_BACK);
        assertThatThrownBy(() -> runner.start(job(4), 1)).isInstanceOf(RejectedExecutionException.class);
        assertThat(runner.running()).extracting(run -> run.job().id()).containsExactly(1L);
        runAll();
        assertThat(ran).containsExactly(1L);
    }

    @Test
    void oneThreadGoesOnWithWhatWaits() {
        outOfThreads = true;

        runAll();

        assertThat(ran).containsExactly(1L, 2L, 3L);
        assertThat(runner.isIdle()).isTrue();
    }

    @Test
    void whatWaitsIsGivenBackWhenNoThreadIsLeftForIt() {
        going = new CompletableFuture<>();
        runAll();
        outOfThreads = true;

        going.complete(null);

        assertThat(ran).containsExactly(1L);
        assertThat(endings)
                .extracting(Ending::outcome)
                .containsExactly(Outcome.SUCCEEDED, Outcome.GIVEN_BACK, Outcome.GIVEN_BACK);
        assertThat(runner.isIdle()).isTrue();
        assertThatThrownBy(() -> runner.start(job(4), 1)).isInstanceOf(RejectedExecutionException.class);
        assertThat(runner.isIdle()).isTrue();
        outOfThreads = false;
        runner.start(job(5), 1);
        runAll();
        assertThat(ran).containsExactly(1L, 5L);
    }
}

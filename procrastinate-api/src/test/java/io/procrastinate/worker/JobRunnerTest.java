package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobStatus;
import io.procrastinate.task.AbortReason;
import io.procrastinate.testing.InMemoryConnector;
import io.procrastinate.worker.JobResult.Outcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A job that was taken away from its worker, and that the same worker fetched again. Threads are whatever the test runs next. */
class JobRunnerTest {

    private static final long ID = 1;

    private final App app = App.builder().connector(new InMemoryConnector()).build();
    private final WorkerOptions options = WorkerOptions.builder().concurrency(2).build();
    private final Queue<Runnable> threads = new ArrayDeque<>();
    private final List<Ending> endings = new ArrayList<>();
    private final JobRunner runner = new JobRunner(
            options,
            new WorkerLog(options, () -> 1),
            threads::add,
            app.tasks(),
            app.jobManager(),
            endings::add,
            () -> {},
            () -> {});
    private RunningJob first;
    private RunningJob second;

    @BeforeEach
    void startTwoRunsOfAJob() {
        app.task("work").run(args -> {});
        first = start(0);
        second = start(1);
    }

    private RunningJob start(int attempts) {
        List<RunningJob> before = List.copyOf(runner.running());
        runner.start(
                new Job(ID, JobStatus.DOING, "default", "work", 0, null, null, "{}", null, attempts, false, 1L), 1);
        return runner.running().stream()
                .filter(run -> !before.contains(run))
                .findAny()
                .orElseThrow();
    }

    @Test
    void theEarlierRunIsLostAndKeepsItsSlotUntilItEnds() {
        assertThat(first.lost()).isTrue();
        assertThat(second.lost()).isFalse();
        assertThat(runner.freeSlots()).isZero();

        threads.remove().run();

        assertThat(runner.running()).containsExactly(second);
        assertThat(runner.freeSlots()).isEqualTo(1);
        threads.remove().run();
        assertThat(endings).extracting(Ending::run).containsExactly(first, second);
        assertThat(runner.isIdle()).isTrue();
    }

    @Test
    void theirSlotsAreFreeForOthersOnceBothHaveEnded() {
        threads.remove().run();
        threads.remove().run();

        start(2);
        start(3);

        assertThat(threads).as("runs that may begin").hasSize(2);
    }

    @Test
    void anAbortOfTheJobIsOneOfTheLaterRun() {
        runner.abort(ID, AbortReason.USER_REQUEST);

        assertThat(first.abortReason()).isNull();
        assertThat(second.abortReason()).isEqualTo(AbortReason.USER_REQUEST);
    }

    @Test
    void eachRunCanBeAskedToStopAndGivenUp() {
        runner.abort(first, AbortReason.SHUTDOWN);
        runner.abandon(first);

        assertThat(first.abortReason()).isEqualTo(AbortReason.SHUTDOWN);
        assertThat(second.abortReason()).isNull();
        assertThat(runner.running()).containsExactly(second);
        assertThat(endings).extracting(Ending::outcome).containsExactly(Outcome.RETRIED);
    }
}

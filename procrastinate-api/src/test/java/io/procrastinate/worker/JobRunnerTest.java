package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;

/**
 * Runs that meet trouble beside their code, such as an earlier run of the same job. Threads are whatever the test runs
 * next.
 */
class JobRunnerTest {

    private static final long ID = 1;

    private final App app = App.builder().connector(new InMemoryConnector()).build();
    private final WorkerOptions options = WorkerOptions.builder().concurrency(2).build();
    private final Queue<Runnable> threads = new ArrayDeque<>();
    private final List<CompletableFuture<Void>> stages = new ArrayList<>();
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
    @SuppressWarnings("FutureReturnValueIgnored") // the runner waits for it
    void startTwoRunsOfAJob() {
        app.task("work").call(args -> {
            CompletableFuture<Void> stage = new CompletableFuture<>();
            stages.add(stage);
            return stage;
        });
        first = start(0);
        second = start(1);
    }

    private RunningJob start(int attempts) {
        List<RunningJob> before = List.copyOf(runner.running());
        runner.start(Job.builder(ID, "work").attempts(attempts).workerId(1L).build(), 1);
        return runner.running().stream()
                .filter(run -> !before.contains(run))
                .findAny()
                .orElseThrow();
    }

    private void beginAll() {
        while (!threads.isEmpty()) {
            threads.remove().run();
        }
    }

    @Test
    void theEarlierRunIsLostAndKeepsItsSlotUntilItEnds() {
        assertThat(first.lost()).isTrue();
        assertThat(second.lost()).isFalse();
        assertThat(runner.freeSlots()).isZero();
        beginAll();

        stages.get(0).complete(null);

        assertThat(runner.running()).containsExactly(second);
        assertThat(runner.freeSlots()).isEqualTo(1);
        stages.get(1).complete(null);
        assertThat(endings).extracting(Ending::run).containsExactly(first, second);
        assertThat(runner.isIdle()).isTrue();
    }

    @Test
    void theirSlotsAreFreeForOthersOnceBothHaveEnded() {
        beginAll();
        stages.forEach(stage -> stage.complete(null));

        start(2);
        start(3);

        beginAll();
        assertThat(stages).as("runs that have begun").hasSize(4);
    }

    @Test
    void aLogThatFailsIsAFailureOfTheRun() {
        LoggerContext log = (LoggerContext) LoggerFactory.getILoggerFactory();
        log.addTurboFilter(new FullLog());
        try {
            beginAll();
        } finally {
            log.resetTurboFilterList();
        }

        assertThat(endings).extracting(Ending::outcome).containsExactly(Outcome.FAILED, Outcome.FAILED);
        assertThat(stages).isEmpty();
        assertThat(runner.isIdle()).isTrue();
    }

    private static final class FullLog extends TurboFilter {

        @Override
        public FilterReply decide(
                Marker marker, Logger logger, Level level, String format, Object[] params, Throwable thrown) {
            throw new IllegalStateException("the log is full");
        }
    }

    @Test
    void eachRunCanBeAskedToStopAndGivenUp() {
        runner.abort(first, AbortReason.SHUTDOWN);
        runner.abandon(first);

        assertThat(first.abortReason()).isEqualTo(AbortReason.SHUTDOWN);
        assertThat(second.abortReason()).isNull();
        assertThat(runner.running()).containsExactly(second);
        assertThat(endings).extracting(Ending::outcome).containsExactly(Outcome.GIVEN_BACK);
    }
}

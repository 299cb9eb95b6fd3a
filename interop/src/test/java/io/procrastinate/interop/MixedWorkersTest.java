package io.procrastinate.interop;

import static io.procrastinate.interop.WorkerSetup.on;
import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.interop.Side.RunningWorker;
import io.procrastinate.job.NewJob;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Workers of both sides on the same queue. */
class MixedWorkersTest {

    private static final int JOBS = 60;
    private static final int MOST_JOBS = 2000;

    @ParameterizedTest
    @EnumSource
    void jobsOfOneLockRunOneAtATimeAndInOrder(PythonRelease release) {
        try (SharedQueue queue = SharedQueue.ofJava(release)) {
            startTwoOfEach(queue);
            List<String> expected = new ArrayList<>();
            NewJob locked = SharedQueue.job("shared", "guarded").lock("one at a time");
            // A busy machine may be slow to let one side's workers run.
            for (int job = 0; job < JOBS || (job < MOST_JOBS && sides(queue).size() < 2); job++) {
                long id = (job % 2 == 0 ? queue.java() : queue.python()).defer(locked);
                expected.add(id + " enter");
                expected.add(id + " leave");
            }
            queue.awaitAllEnded();

            assertThat(queue.database().texts("SELECT job_id || ' ' || what FROM journal ORDER BY id"))
                    .containsExactlyElementsOf(expected);
            assertSidesShared(queue);
        }
    }

    @ParameterizedTest
    @EnumSource
    void eachJobRunsOnce(PythonRelease release) {
        try (SharedQueue queue = SharedQueue.ofPython(release)) {
            startTwoOfEach(queue);
            List<String> args = java.util.Collections.nCopies(200, "{}");
            queue.java().batchDefer(SharedQueue.job("shared", "guarded"), args);
            queue.python().batchDefer(SharedQueue.job("shared", "guarded"), args);
            queue.awaitAllEnded();

            assertThat(queue.journalled("leave")).isEqualTo(400);
            assertThat(queue.database()
                            .number("SELECT count(DISTINCT job_id) FROM journal JOIN procrastinate_jobs job"
                                    + " ON job.id = job_id WHERE status = 'succeeded' AND attempts = 1"))
                    .isEqualTo(400);
            assertSidesShared(queue);
        }
    }

    /** Both sides declare the periodic task; each second, the first one defers the job of that second. */
    @ParameterizedTest
    @EnumSource
    void periodicTaskOfBothSidesRunsOnceForEachTick(PythonRelease release) {
        try (SharedQueue queue = SharedQueue.ofJava(release)) {
            ChildProcess python = queue.keep(queue.python().startWorker("periodic_app.app", on("ticks")));
            awaitTicks(queue, 2);
            RunningWorker java = queue.keep(startPeriodic(queue));
            awaitTicks(queue, 5);
            python.close();
            awaitTicks(queue, 7);
            queue.keep(queue.python().startWorker("periodic_app.app", on("ticks")));
            awaitWorkers(queue, 2);
            awaitTicks(queue, 8);
            java.close();
            awaitTicks(queue, 10);

            List<Long> ticks =
                    queue.database().texts("SELECT args->>'timestamp' FROM procrastinate_jobs ORDER BY id").stream()
                            .map(tick -> Long.valueOf(String.valueOf(tick)))
                            .toList();
            assertThat(ticks).doesNotHaveDuplicates().isSorted();
            assertThat(ticks)
                    .containsExactlyElementsOf(LongStream.rangeClosed(ticks.get(0), ticks.get(ticks.size() - 1))
                            .boxed()
                            .toList());
            assertSidesShared(queue);
        }
    }

    private static RunningWorker startPeriodic(SharedQueue queue) {
        App app = App.create(queue.settings());
        JavaTasks.addPeriodicTo(app);
        return JavaSide.startWorker(app, JavaTasks.options(on("ticks")).build());
    }

    private static void awaitTicks(SharedQueue queue, int ticks) {
        SharedQueue.await(ticks + " ticks").until(() -> queue.journalled("ran") >= ticks);
    }

    private static void startTwoOfEach(SharedQueue queue) {
        for (int worker = 0; worker < 2; worker++) {
            queue.keep(queue.python().startWorker(on("shared").concurrency(2)));
            queue.keep(queue.java().startWorker(on("shared").concurrency(2)));
        }
        awaitWorkers(queue, 4);
    }

    private static void awaitWorkers(SharedQueue queue, int workers) {
        SharedQueue.await("all workers are there")
                .until(() -> queue.database().number("SELECT count(*) FROM procrastinate_workers") == workers);
    }

    private static List<@Nullable String> sides(SharedQueue queue) {
        return queue.database().texts("SELECT DISTINCT side FROM journal");
    }

    private static void assertSidesShared(SharedQueue queue) {
        assertThat(sides(queue)).as("both sides did some of the jobs").containsExactlyInAnyOrder("JAVA", "PYTHON");
    }
}

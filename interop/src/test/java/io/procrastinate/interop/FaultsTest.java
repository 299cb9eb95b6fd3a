package io.procrastinate.interop;

import static io.procrastinate.interop.WorkerSetup.on;
import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.job.NewJob;
import io.procrastinate.tck.TestDatabase;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Both sides work on one queue while the server restarts and workers are killed: no job is lost, none ends twice. */
class FaultsTest {

    private static final int JOBS = 1_000;
    private static final NewJob COUNTED = SharedQueue.job("shared", "counted");

    @ParameterizedTest
    @EnumSource
    void noJobIsLostWhileTheServerRestarts(PythonRelease release) {
        try (SharedQueue queue = SharedQueue.ofJava(release, TestDatabase.onServerOfItsOwn())) {
            try (Supervised python = python(queue);
                    Supervised java = java(queue)) {
                defer(queue);
                awaitDone(queue, JOBS / 4);
                queue.database().restartServer(() -> {});
                finish(queue, python, java);
            }
            assertEachEndedOnce(queue);
        }
    }

    @ParameterizedTest
    @EnumSource
    void noJobIsLostWhenWorkersAreKilled(PythonRelease release) {
        try (SharedQueue queue = SharedQueue.ofPython(release, TestDatabase.onServerOfItsOwn())) {
            try (Supervised python = python(queue);
                    Supervised java = java(queue)) {
                defer(queue);
                awaitDone(queue, JOBS / 5);
                python.kill();
                awaitDone(queue, 2 * JOBS / 5);
                python.ensureRuns();
                java.kill();
                awaitDone(queue, 3 * JOBS / 5);
                java.ensureRuns();
                queue.database().restartServer(() -> {});
                finish(queue, python, java);
            }
            assertEachEndedOnce(queue);
        }
    }

    private static Supervised python(SharedQueue queue) {
        return new Supervised(queue.database(), () -> queue.python().startWorker("lively_app.app", on("shared")));
    }

    private static Supervised java(SharedQueue queue) {
        return new Supervised(queue.database(), () -> queue.java().startWorkerProcess(on("shared")));
    }

    private static void defer(SharedQueue queue) {
        List<String> args = Collections.nCopies(JOBS / 2, "{}");
        queue.java().batchDefer(COUNTED, args);
        queue.python().batchDefer(COUNTED, args);
    }

    private static void awaitDone(SharedQueue queue, int jobs) {
        SharedQueue.await(jobs + " jobs are done")
                .until(() ->
                        queue.database().number("SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'")
                                >= jobs);
    }

    /**
     * Waits for the remaining jobs. Python's workers end when they lose the database, or forget a job whose result they
     * could not store: they are restarted, as a process supervisor would.
     */
    private static void finish(SharedQueue queue, Supervised python, Supervised java) {
        python.kill();
        SharedQueue.await("all jobs have ended").until(() -> {
            python.ensureRuns();
            java.ensureRuns();
            return queue.database().number("SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
                    == 0;
        });
    }

    private static void assertEachEndedOnce(SharedQueue queue) {
        assertThat(queue.database().number("SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"))
                .isEqualTo(JOBS);
        assertThat(queue.database().number("SELECT count(DISTINCT job_id) FROM journal"))
                .as("jobs that ran")
                .isEqualTo(JOBS);
        assertThat(queue.database()
                        .texts("SELECT job_id FROM procrastinate_events WHERE type IN ('succeeded', 'failed',"
                                + " 'aborted', 'cancelled') GROUP BY job_id HAVING count(*) <> 1"))
                .as("jobs that ended more than once")
                .isEmpty();
        assertThat(queue.database().texts("SELECT DISTINCT side FROM journal"))
                .containsExactlyInAnyOrder("JAVA", "PYTHON");
    }

    /** A worker's process that is started again when it has ended. */
    private static final class Supervised implements AutoCloseable {

        private static final String NEWEST = "SELECT coalesce(max(id), 0) FROM procrastinate_workers";

        private final TestDatabase database;
        private final Supplier<ChildProcess> program;
        private ChildProcess process;
        private long worker;

        Supervised(TestDatabase database, Supplier<ChildProcess> program) {
            this.database = database;
            this.program = program;
            this.process = start();
        }

        private ChildProcess start() {
            long before = database.number(NEWEST);
            ChildProcess started = program.get();
            SharedQueue.await("a worker").until(() -> database.number(NEWEST) > before || !started.isAlive());
            worker = database.number(NEWEST);
            return started;
        }

        void kill() {
            process.kill();
        }

        /** Makes the heartbeat of a dead worker look old, so that the test need not wait. */
        void ensureRuns() {
            if (!process.isAlive()) {
                database.run(
                        "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'"
                                + " WHERE id = ?",
                        worker);
                process = start();
            }
        }

        @Override
        public void close() {
            process.kill();
        }
    }
}

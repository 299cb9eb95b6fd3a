package io.procrastinate.interop;

import static io.procrastinate.interop.WorkerSetup.on;
import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Workers start and die, and the other side notices. */
@ParameterizedClass
@EnumSource
@SuppressWarnings("NullAway.Init") // JUnit sets the parameter
class WorkerLifeTest {

    private static final String FORGET =
            "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'";

    @Parameter
    PythonRelease release;

    SharedQueue queue;

    @BeforeEach
    void open() {
        queue = SharedQueue.ofJava(release);
    }

    @AfterEach
    void close() {
        queue.close();
    }

    @Test
    void javaWorkersSurviveTheStartOfAPythonWorker() {
        queue.keep(queue.java().startWorker(lively().build()));
        long alive = onlyWorker();
        queue.database().run("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')");
        // The worker's heartbeat counts, not when it began.
        queue.database().run(FORGET + " WHERE id = " + alive);
        SharedQueue.await("a heartbeat")
                .until(() -> queue.database()
                                .number(
                                        "SELECT count(*) FROM procrastinate_workers WHERE id = ?"
                                                + " AND last_heartbeat > now() - interval '10 s'",
                                        alive)
                        == 1);

        queue.keep(queue.python().startWorker(on("python")));
        queue.awaitStatus(queue.java().defer(SharedQueue.job("python", "echo")), "succeeded");

        assertThat(queue.database().texts("SELECT id FROM procrastinate_workers WHERE id <= ?", alive + 1))
                .as("the living worker's row, and not the dead one's")
                .containsExactly(Long.toString(alive));
        queue.awaitStatus(queue.python().defer(SharedQueue.job("java", "echo")), "succeeded");
    }

    @Test
    void javaWorkerWhoseRowWasDeletedRegistersAgain() {
        queue.keep(queue.java().startWorker(lively().build()));
        long first = onlyWorker();

        SharedQueue.await("the row is gone")
                .until(() -> queue.python().prune(Duration.ZERO).contains(first));

        queue.awaitStatus(queue.python().defer(SharedQueue.job("java", "echo")), "succeeded");
        assertThat(onlyWorker()).isGreaterThan(first);
    }

    @Test
    void jobsOfADeadJavaWorkerAreStalledToPythonWhichRetriesThem() {
        ChildProcess java = queue.keep(queue.java().startWorkerProcess(on("shared")));
        long job = queue.python().defer(SharedQueue.job("shared", "patient"));
        awaitRunning(1);
        assertThat(queue.python().stalled()).isEmpty();

        java.kill();
        queue.database().run(FORGET);

        assertThat(queue.python().stalled()).containsExactly(job);
        queue.python().retryStalled();
        queue.openGate();
        queue.keep(queue.python().startWorker(on("shared")));
        queue.awaitStatus(job, "succeeded");
    }

    @Test
    void jobsOfADeadPythonWorkerAreRescuedByJava() {
        ChildProcess python = queue.keep(queue.python().startWorker(on("shared")));
        long held = queue.java().defer(SharedQueue.job("shared", "patient").lock("freed"));
        long waiting = queue.java().defer(SharedQueue.job("shared", "echo").lock("freed"));
        awaitRunning(1);

        python.kill();
        queue.database().run(FORGET);
        queue.keep(queue.java().startWorker(JavaTasks.rescuing(on("shared")).build()));

        // Its task has no retry strategy: the job fails, and its lock is free.
        queue.awaitStatus(held, "failed");
        queue.awaitStatus(waiting, "succeeded");
        queue.openGate();
    }

    @Test
    void rescuedJobRunsAgainWhereItsTaskSaysSo() {
        ChildProcess python = queue.keep(queue.python().startWorker(on("shared")));
        long worker = onlyWorker();
        python.kill();
        long job = queue.java().defer(SharedQueue.job("shared", "counted"));
        queue.database().run("UPDATE procrastinate_jobs SET status = 'doing', worker_id = ? WHERE id = ?", worker, job);
        queue.database().run(FORGET);

        queue.keep(queue.java().startWorker(JavaTasks.rescuing(on("shared")).build()));

        queue.awaitStatus(job, "succeeded");
        assertThat(queue.java().jobs().get(0)).containsEntry("attempts", 2);
    }

    @Test
    void jobsOfAPythonWorkerThatStopsAreNotTakenFromIt() {
        ChildProcess python = queue.keep(queue.python().startWorker(on("python")));
        long job = queue.java().defer(SharedQueue.job("python", "patient"));
        awaitRunning(1);

        queue.keep(queue.java().startWorker(on()));
        queue.awaitStatus(queue.java().defer(SharedQueue.job("java", "echo")), "succeeded");

        assertThat(queue.java().status(job)).isEqualTo("doing");
        queue.openGate();
        python.close();
        assertThat(queue.java().status(job)).isEqualTo("succeeded");
    }

    private static WorkerOptions.Builder lively() {
        return JavaTasks.options(on("java")).heartbeatInterval(Duration.ofMillis(200));
    }

    /** Waits for the only worker; returns its id. */
    private long onlyWorker() {
        SharedQueue.await("a worker").until(() -> newestWorker() > 0);
        return newestWorker();
    }

    private long newestWorker() {
        return queue.database().number("SELECT coalesce(max(id), 0) FROM procrastinate_workers");
    }

    private void awaitRunning(int jobs) {
        SharedQueue.await("running jobs").until(() -> queue.journalled("ran") == jobs);
    }
}

package io.procrastinate.interop;

import static io.procrastinate.interop.WorkerSetup.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One side manages the jobs that the other side runs. */
class ManagementTest extends BothWays {

    @Test
    void waitingJobIsTakenBack() {
        long job = to.defer(job("echo"));

        assertThat(from.cancel(job)).isTrue();
        assertThat(from.cancel(job)).isFalse();

        work(on("shared"));
        queue.awaitStatus(to.defer(job("echo")), "succeeded");
        assertThat(to.status(job)).isEqualTo("cancelled");
        assertThat(queue.journalled("ran")).isEqualTo(1);
    }

    /**
     * "patient" is stopped by its worker, "polite" checks whether it should stop; a notification announces the request.
     */
    @ParameterizedTest
    @ValueSource(strings = {"patient", "polite"})
    void runningJobIsAborted(String task) {
        work(on("shared").polling(WorkerSetup.NEVER));
        long job = from.defer(job(task));
        SharedQueue.await("the job runs").until(() -> queue.journalled("ran") == 1);

        assertThat(from.cancel(job)).isFalse();
        assertThat(from.abort(job)).isTrue();

        queue.awaitStatus(job, "aborted");
        assertThat(from.jobs().get(0)).containsEntry("abort_requested", false);
        assertThat(from.abort(job)).isFalse();
    }

    @Test
    void requestToAbortIsFoundByPollingToo() {
        work(on("shared"));
        long job = from.defer(job("polite"));
        SharedQueue.await("the job runs").until(() -> queue.journalled("ran") == 1);

        queue.database()
                .run("ALTER TABLE procrastinate_jobs DISABLE TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1");
        assertThat(from.abort(job)).isTrue();

        queue.awaitStatus(job, "aborted");
    }

    @Test
    void bothSidesSeeTheSameJobsAndCounts() {
        long cancelled = from.defer(job("echo"));
        from.cancel(cancelled);
        from.defer(job("fails_at_first"));
        from.defer(job("echo").args("{\"n\": [1, 2.5, null, \"ü\"]}").lock("a").priority(7));
        from.defer(SharedQueue.job("slow", "polite"));
        work(on("shared", "slow"));
        SharedQueue.await("jobs have ended").until(() -> queue.journalled("ran") == 3);
        from.abort(queue.database().number("SELECT id FROM procrastinate_jobs WHERE task_name = 'polite'"));
        queue.awaitAllEnded();
        from.defer(SharedQueue.job("later", "echo").queueingLock("q").lock("b").in(java.time.Duration.ofDays(2)));
        queue.keep(to.startWorker(on("held")));
        from.defer(SharedQueue.job("held", "patient").lock("a"));
        SharedQueue.await("the job runs").until(() -> queue.journalled("ran") == 4);

        assertThat(queue.java().jobs())
                .hasSize(6)
                .containsExactlyElementsOf(queue.python().jobs());
        for (String of : List.of("queues", "tasks", "locks")) {
            assertThat(queue.java().counts(of))
                    .as(of)
                    .isNotEmpty()
                    .isEqualTo(queue.python().counts(of));
        }
        for (Object id : queue.java().jobs().stream().map(job -> job.get("id")).toList()) {
            long number = ((Integer) id).longValue();
            assertThat(from.status(number)).isEqualTo(to.status(number));
        }
        queue.openGate();
    }

    @Test
    void jobThatDidNotFailIsNotRetried() {
        long job = from.defer(job("echo"));

        assertThatThrownBy(() -> from.retry(job, null)).isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> to.retry(job, null)).isInstanceOf(RuntimeException.class);
        assertThat(from.jobs().get(0)).containsEntry("status", "todo").containsEntry("attempts", 0);
    }
}

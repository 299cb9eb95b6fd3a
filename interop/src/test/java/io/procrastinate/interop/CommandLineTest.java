package io.procrastinate.interop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Python's command line on our database. */
class CommandLineTest {

    @ParameterizedTest
    @EnumSource
    void pythonsCommandsWorkOnOurDatabase(PythonRelease release) {
        try (SharedQueue queue = SharedQueue.ofJava(release)) {
            assertThat(queue.python().command("healthchecks"))
                    .contains("DB connection: OK", "Found procrastinate_jobs table: OK");

            queue.keep(queue.java().startWorker(WorkerSetup.on("shared")));
            queue.python().command("defer", "--queue=shared", "echo", "{\"from\": \"the command line\"}");
            queue.awaitStatus(1, "succeeded");

            assertThat(queue.python().command("shell", "list_jobs")).contains("#1 echo on shared - [succeeded]");
            assertThat(queue.python().command("shell", "list_queues"))
                    .contains("shared: 1 jobs (todo: 0, doing: 0, succeeded: 1, failed: 0");

            long waiting = queue.java().defer(SharedQueue.job("nobody", "echo"));
            queue.python().command("shell", "cancel", Long.toString(waiting));
            assertThat(queue.java().status(waiting)).isEqualTo("cancelled");
        }
    }
}

package io.procrastinate.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobStatus;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.task.Task;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Tests of an application's tasks that need no database. */
class WithoutDatabaseTest {

    private record Sum(int a, int b) {}

    private final AtomicReference<Instant> clock = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
    private final InMemoryConnector connector = new InMemoryConnector(clock::get);

    @Test
    void scheduledJobRunsWhenItsTimeHasCome() {
        WorkerOptions untilDrained = WorkerOptions.builder().waitForJobs(false).build();
        try (App app = App.builder().connector(connector).build().open()) {
            Task<Sum> sum = app.task("sum", Sum.class).call(args -> args.a() + args.b());

            long id = sum.configure().in(Duration.ofHours(1)).defer(new Sum(5, 7));
            app.runWorker(untilDrained);
            assertThat(app.jobManager().status(id)).isEqualTo(JobStatus.TODO);

            clock.updateAndGet(now -> now.plus(Duration.ofHours(1)));
            app.runWorker(untilDrained);
            assertThat(app.jobManager().status(id)).isEqualTo(JobStatus.SUCCEEDED);
        }
    }

    @Test
    void backupIsMadeEveryNight() {
        clock.set(Instant.parse("2026-01-01T02:31:00Z"));
        List<Object> made = new CopyOnWriteArrayList<>();
        WorkerOptions options = WorkerOptions.builder()
                .onJobEnded(result -> made.add(String.valueOf(result.value())))
                .build();
        try (App app = App.builder().connector(connector).build().open()) {
            Backup.everyNight(app);

            try (Worker worker = app.worker(options)) {
                worker.start();
                await().atMost(Duration.ofSeconds(30)).until(() -> !made.isEmpty());
            }
        }

        assertThat(made).containsExactly("backup of 2026-01-01T02:30:00Z");
        assertThat(connector.jobs()).extracting(Job::status).containsExactly(JobStatus.SUCCEEDED);
    }
}

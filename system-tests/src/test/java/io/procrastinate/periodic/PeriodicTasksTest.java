package io.procrastinate.periodic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.OldJobs;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.retry.JobRetryException;
import io.procrastinate.task.BuiltinTasks;
import io.procrastinate.task.Periodic;
import io.procrastinate.tck.TestDatabase;
import io.procrastinate.worker.JobResult;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Periodic tasks, and the runs that a task may ask for. */
class PeriodicTasksTest {

    private final TestDatabase database = TestDatabase.withSchema();
    private final List<App> apps = new ArrayList<>();
    private final List<Worker> workers = new ArrayList<>();

    @AfterEach
    void closeAll() {
        workers.forEach(Worker::close);
        apps.forEach(App::close);
        database.close();
    }

    @Test
    void eachTimeIsDeferredOnceByTenWorkers() {
        List<Long> timestamps = new CopyOnWriteArrayList<>();
        for (int number = 0; number < 10; number++) {
            App app = app();
            app.task("tick", Tick.class)
                    .periodic(Periodic.cron("* * * * * *").args(Map.of("kind", "second")))
                    .run(tick -> timestamps.add(tick.timestamp()));
            start(app, WorkerOptions.builder().concurrency(5).build());
        }
        await().atMost(Duration.ofSeconds(60)).until(() -> timestamps.size() >= 4);
        workers.forEach(Worker::close);
        List<Long> sorted = timestamps.stream().sorted().toList();
        for (int index = 1; index < sorted.size(); index++) {
            assertThat(sorted.get(index)).isEqualTo(sorted.get(index - 1) + 1);
        }
    }

    @Test
    void aQueueingLockThatIsTakenSkipsTheTime() {
        App app = app();
        app.task("tick")
                .periodic(Periodic.cron("* * * * * *").queue("nobody").queueingLock("only one"))
                .run(args -> {});
        start(app, WorkerOptions.builder().queues("other").build());
        await().atMost(Duration.ofSeconds(60))
                .until(() ->
                        defers() >= 1 && !app.jobManager().list(JobFilter.ALL).isEmpty());
        assertThat(app.jobManager().list(JobFilter.ALL)).hasSize(1);
    }

    @Test
    void aRunThatTakesTooLongIsInterruptedAndFails() {
        App app = app();
        app.task("slow").timeout(Duration.ofMillis(200)).run(args -> new CountDownLatch(1).await());
        long id = app.configureTask("slow").defer(Map.of());
        JobResult result = drain(app).get(0);
        assertThat(result.outcome()).isEqualTo(JobResult.Outcome.FAILED);
        assertThat(result.failure()).hasMessageContaining("longer than its task slow allows, PT0.2S");
        assertThat(app.jobManager().status(id)).isEqualTo(JobStatus.FAILED);
    }

    @Test
    void aJobAsksForItsOwnRetry() {
        App app = app();
        AtomicInteger runs = new AtomicInteger();
        app.task("again").run(args -> {
            if (runs.incrementAndGet() == 1) {
                throw new JobRetryException("not yet", RetryDecision.now().priority(7));
            }
        });
        long id = app.configureTask("again").defer(Map.of());
        drain(app);
        Job job = app.jobManager().list(JobFilter.ALL.id(id)).get(0);
        assertThat(job.status()).isEqualTo(JobStatus.SUCCEEDED);
        assertThat(job.priority()).isEqualTo(7);
        assertThat(job.attempts()).isEqualTo(2);
    }

    @Test
    void middlewareIsAroundTheCodeTheWorkersOutermost() {
        App app = app();
        List<String> order = new CopyOnWriteArrayList<>();
        app.task("work")
                .middleware((context, next) -> {
                    order.add("task");
                    return next.run() + "!";
                })
                .call(args -> "done");
        app.configureTask("work").defer(Map.of());
        List<JobResult> results = new CopyOnWriteArrayList<>();
        app.runWorker(WorkerOptions.builder()
                .waitForJobs(false)
                .middleware((context, next) -> {
                    order.add("worker of " + context.job().taskName());
                    return next.run();
                })
                .onJobEnded(results::add)
                .build());
        assertThat(order).containsExactly("worker of work", "task");
        assertThat(results.get(0).value()).isEqualTo("done!");
    }

    @Test
    void oldJobsAreRemovedByTheBuiltinTaskUnderEitherName() {
        App app = app();
        app.task("work").run(args -> {});
        List<Long> ids = app.configureTask("work").batchDefer(List.of(Map.of(), Map.of(), Map.of()));
        long cancelled = app.configureTask("work").in(Duration.ofDays(3)).defer(Map.of());
        app.jobManager().cancel(cancelled);
        drain(app);
        database.run("UPDATE procrastinate_events SET at = at - interval '3 hours' WHERE job_id <> " + ids.get(2)
                + " AND type <> 'scheduled'");
        app.configureTask("procrastinate.builtin_tasks.remove_old_jobs")
                .queue("builtin")
                .defer(Map.of("max_hours", 2, "remove_cancelled", true));
        drain(app);
        assertThat(app.jobManager().list(JobFilter.ALL.taskName("work")))
                .extracting(Job::id)
                .containsExactly(ids.get(2));
        assertThat(app.tasks().named(BuiltinTasks.REMOVE_OLD_JOBS)).isPresent();
        assertThat(app.jobManager().deleteOld(OldJobs.ended(Duration.ofHours(1)), () -> true))
                .isZero();
    }

    private record Tick(long timestamp, String kind) {}

    private App app() {
        App app = App.create(database.settings().toBuilder().poolSize(3).build());
        apps.add(app);
        app.openAsync().toCompletableFuture().join();
        return app;
    }

    private void start(App app, WorkerOptions options) {
        Worker worker = app.worker(options);
        workers.add(worker);
        worker.start();
    }

    private static List<JobResult> drain(App app) {
        List<JobResult> results = new CopyOnWriteArrayList<>();
        app.runWorker(WorkerOptions.builder()
                .waitForJobs(false)
                .concurrency(4)
                .onJobEnded(results::add)
                .build());
        return results;
    }

    private long defers() {
        return database.number("SELECT count(*) FROM procrastinate_periodic_defers");
    }
}

package io.procrastinate.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.exception.UnboundTaskException;
import io.procrastinate.job.CancelOption;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.NewJob;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.retry.JobRetryException;
import io.procrastinate.retry.RetryStrategy;
import io.procrastinate.task.Blueprint;
import io.procrastinate.task.Middleware;
import io.procrastinate.task.Periodic;
import io.procrastinate.task.ProcrastinateTask;
import io.procrastinate.task.Task;
import io.procrastinate.worker.DeleteJobs;
import io.procrastinate.worker.JobResult;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The code of the pages on tasks and workers. */
class WorkingTest {

    private record File(String name) {}

    private record Resize(String name, @Nullable Integer width) {}

    private final InMemoryConnector connector = new InMemoryConnector();
    private final App app = App.builder().connector(connector).build().open();
    private final List<JobResult> results = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        app.close();
    }

    @Test
    void aBlueprintIsAddedToAnApp() {
        Blueprint media = new Blueprint();
        Task<File> thumbnail =
                media.task("thumbnail", File.class).queue("media").run(file -> {});
        assertThatThrownBy(() -> thumbnail.defer(new File("cat.jpg"))).isInstanceOf(UnboundTaskException.class);

        app.addTasksFrom(media, "media");
        thumbnail.defer(new File("cat.jpg"));

        assertThat(connector.jobs()).extracting(Job::taskName).containsExactly("media:thumbnail");
    }

    @Test
    void aTaskThatWasRenamedKeepsItsOldNameAsAnAlias() {
        app.task("media.thumbnail", File.class).aliases("make_thumbnail").call(File::name);

        app.configureTask("make_thumbnail").defer(Map.of("name", "cat.jpg"));
        work();

        assertThat(results).extracting(JobResult::value).containsExactly("cat.jpg");
    }

    @Test
    void aMapTakesAnyArguments() {
        app.task("audit").call(args -> args.keySet());

        app.configureTask("audit").defer(Map.of("who", "ada"));
        work();

        assertThat(results).extracting(result -> String.valueOf(result.value())).containsExactly("[who]");
    }

    @Test
    void aComponentThatWasAddedIsNullInOldJobsAndOneThatWasRemovedFailsThem() {
        app.task("resize", Resize.class).call(args -> args.name() + " to " + args.width());

        app.configureTask("resize").defer(Map.of("name", "cat.jpg"));
        String old = "{\"name\": \"dog.jpg\", \"width\": 100, \"colours\": 16}";
        app.jobManager().defer(NewJob.of("resize").args(old));
        work();

        assertThat(results)
                .extracting(JobResult::value, JobResult::outcome)
                .containsExactly(
                        tuple("cat.jpg to null", JobResult.Outcome.SUCCEEDED), tuple(null, JobResult.Outcome.FAILED));
    }

    private final AtomicInteger reports = new AtomicInteger();

    @ProcrastinateTask(name = "report", cron = "0 3 * * *")
    void report() {
        reports.incrementAndGet();
    }

    @Test
    void aPeriodicMethodNeedsNoParameterForItsTime() {
        app.addTasks(this);

        app.configureTask("report").defer(Map.of("timestamp", 1));
        work();

        assertThat(reports).hasValue(1);
    }

    @Test
    void aTaskLooksAtItsJobAndItsWorker() {
        app.task("upload", File.class).body((context, file) -> {
            boolean lastTry = context.job().attempts() == 2;
            return file.name() + " by " + context.workerName() + (lastTry ? ", last try" : "");
        });

        app.configureTask("upload").defer(Map.of("name", "cat.jpg"));
        work();

        assertThat(results).extracting(JobResult::value).containsExactly("cat.jpg by worker");
    }

    @Test
    void aTaskDefersFurtherJobs() {
        Task<File> publish = app.task("publish", File.class).run(file -> {});
        app.task("upload", File.class).run(file -> publish.defer(file));

        app.configureTask("upload").defer(Map.of("name", "cat.jpg"));
        work();

        assertThat(results).extracting(result -> result.job().taskName()).containsExactly("upload", "publish");
    }

    @Test
    void everyJobFindsWhatTheWorkerGives() {
        app.task("upload", File.class)
                .body((context, file) -> context.additionalContext().get("bucket") + "/" + file.name());

        app.configureTask("upload").defer(Map.of("name", "cat.jpg"));
        WorkerOptions options = WorkerOptions.builder()
                .additionalContext(Map.of("bucket", "pictures"))
                .waitForJobs(false)
                .onJobEnded(results::add)
                .build();
        app.runWorker(options);

        assertThat(results).extracting(JobResult::value).containsExactly("pictures/cat.jpg");
    }

    @Test
    void aWorkerLivesInTheApplication() {
        Task<File> upload = app.task("upload", File.class).run(file -> {});
        Worker worker = app.worker(WorkerOptions.builder()
                .queues("default", "media")
                .concurrency(20)
                .deleteJobs(DeleteJobs.SUCCESSFUL)
                .build());
        worker.start();

        upload.defer(new File("cat.jpg"));
        await().atMost(Duration.ofSeconds(30)).until(() -> connector.jobs().isEmpty());

        worker.stop();
        worker.awaitEnd(Duration.ofSeconds(30));

        assertThat(worker.awaitEnd(Duration.ZERO)).isTrue();
    }

    @Test
    void veryShortJobsAreFetchedAhead() {
        WorkerOptions ahead =
                WorkerOptions.builder().concurrency(100).localQueueSize(500).build();
        Task<File> touch = app.task("touch", File.class).run(file -> {});
        touch.batchDefer(Collections.nCopies(1000, new File("cat.jpg")));

        app.runWorker(ahead.toBuilder().waitForJobs(false).build());

        assertThat(connector.jobs()).extracting(Job::status).containsOnly(JobStatus.SUCCEEDED);
    }

    @Test
    void jobsThatMayRunTwiceBeginEarlier() {
        WorkerOptions early =
                WorkerOptions.builder().concurrency(20).durableStarts(false).build();
        app.task("touch", File.class).run(file -> {}).defer(new File("cat.jpg"));

        app.runWorker(early.toBuilder().waitForJobs(false).build());

        assertThat(connector.jobs()).extracting(Job::status).containsOnly(JobStatus.SUCCEEDED);
    }

    @Test
    void theAppKnowsTheOptionsOfItsWorkers() {
        WorkerOptions defaults =
                WorkerOptions.builder().queues("media").concurrency(20).build();
        App media = App.builder().connector(connector).workerDefaults(defaults).build();
        try (media) {
            WorkerOptions drain =
                    media.workerDefaults().toBuilder().waitForJobs(false).build();
            media.runWorker(drain);

            assertThat(drain.concurrency()).isEqualTo(20);
        }
    }

    @Test
    void middlewareIsAroundOneTaskOrAll() {
        List<String> seen = new CopyOnWriteArrayList<>();
        Middleware timing = (context, next) -> {
            long begin = System.nanoTime();
            try {
                return next.run();
            } finally {
                seen.add(context.job().taskName() + " took " + (System.nanoTime() - begin) / 1_000_000 + " ms");
            }
        };
        Task<File> upload = app.task("upload", File.class).middleware(timing).call(File::name);

        upload.defer(new File("cat.jpg"));
        app.runWorker(WorkerOptions.builder()
                .middleware(timing)
                .waitForJobs(false)
                .onJobEnded(results::add)
                .build());

        assertThat(results).extracting(JobResult::value).containsExactly("cat.jpg");
        assertThat(seen).hasSize(2).allMatch(line -> line.startsWith("upload took "));
    }

    @Test
    void middlewareFollowsAStage() {
        AtomicInteger ended = new AtomicInteger();
        Middleware counting = (context, next) -> {
            Object result = next.run();
            if (result instanceof CompletionStage<?> stage) {
                return stage.whenComplete((value, failure) -> ended.incrementAndGet());
            }
            ended.incrementAndGet();
            return result;
        };
        Task<File> upload = app.task("upload", File.class).middleware(counting).call(WorkingTest::nameLater);

        upload.defer(new File("cat.jpg"));
        work();

        assertThat(ended).hasValue(1);
        assertThat(results).extracting(JobResult::value).containsExactly("cat.jpg");
    }

    @Test
    void middlewareStopsTheWorker() {
        AtomicInteger left = new AtomicInteger(2);
        Middleware twoJobs = (context, next) -> {
            if (left.decrementAndGet() == 0) {
                context.stopWorker();
            }
            return next.run();
        };
        Task<File> upload = app.task("upload", File.class).run(file -> {});
        upload.batchDefer(List.of(new File("a"), new File("b")));

        app.runWorker(WorkerOptions.builder().middleware(twoJobs).build());

        assertThat(connector.jobs()).extracting(Job::status).containsOnly(JobStatus.SUCCEEDED);
    }

    @Test
    void aTaskIsTriedAgain() {
        AtomicInteger runs = new AtomicInteger();
        Task<File> upload = app.task("upload", File.class).retry(3).run(file -> {
            if (runs.incrementAndGet() < 3) {
                throw new IllegalStateException("busy");
            }
        });

        upload.defer(new File("cat.jpg"));
        work();

        assertThat(runs).hasValue(3);
    }

    @Test
    void aJobAsksForAnotherRun() {
        AtomicBoolean ready = new AtomicBoolean();
        Task<File> upload = app.task("upload", File.class).run(file -> {
            if (!ready.getAndSet(true)) {
                throw new JobRetryException(file.name() + " is not there yet", RetryDecision.now());
            }
        });

        upload.defer(new File("cat.jpg"));
        work();

        assertThat(results)
                .extracting(JobResult::outcome)
                .containsExactly(JobResult.Outcome.RETRIED, JobResult.Outcome.SUCCEEDED);
    }

    @Test
    void aStrategyChecksWhatItIsTold() {
        assertThatThrownBy(() -> RetryStrategy.times(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aRunMayBeLimited() {
        Task<File> upload = app.task("upload", File.class)
                .timeout(Duration.ofMillis(100))
                .retry(1)
                .run(file -> new CountDownLatch(1).await());

        long id = upload.defer(new File("cat.jpg"));
        work();

        assertThat(app.jobManager().status(id)).isEqualTo(JobStatus.FAILED);
    }

    record Dump(boolean full) {}

    @Test
    void severalSchedulesOfOneTaskHaveIds() {
        Task<Dump> dump = app.task("dump", Dump.class)
                .periodic(Periodic.cron("0 * * * *").id("hourly").args(Map.of("full", false)))
                .periodic(Periodic.cron("0 3 * * 0")
                        .id("weekly")
                        .args(Map.of("full", true))
                        .priority(10))
                .run(args -> {});

        assertThat(dump.periodics()).extracting(Periodic::id).containsExactly("hourly", "weekly");
    }

    @Test
    void aJobIsTakenBackDeletedOrAborted() {
        Task<File> upload = app.task("upload", File.class).run(file -> {});
        long first = upload.defer(new File("a"));
        long second = upload.defer(new File("b"));

        boolean taken = app.jobManager().cancel(first);
        boolean deleted = app.jobManager().cancel(second, CancelOption.DELETE);

        assertThat(taken).isTrue();
        assertThat(deleted).isTrue();
        assertThat(connector.jobs()).extracting(Job::status).containsExactly(JobStatus.CANCELLED);
    }

    private static CompletionStage<String> nameLater(File file) {
        return CompletableFuture.supplyAsync(file::name);
    }

    private void work() {
        app.runWorker(WorkerOptions.builder()
                .waitForJobs(false)
                .onJobEnded(results::add)
                .build());
    }
}

package io.procrastinate.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.job.CancelOption;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobStatus;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.retry.RetryStrategy;
import io.procrastinate.task.Task;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.lang.reflect.Type;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class InMemoryConnectorTest {

    private final AtomicReference<Instant> clock = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
    private final InMemoryConnector connector = new InMemoryConnector(clock::get);
    private final App app = App.builder().connector(connector).build().open();

    @AfterEach
    void close() {
        app.close();
    }

    @Test
    void jobsRunInOrderOfPriorityAndLocksAreKept() {
        List<Object> ran = new CopyOnWriteArrayList<>();
        Task<Map<String, @Nullable Object>> task = app.task("work").run(args -> ran.add(args.get("n")));
        task.defer(Map.of("n", 1));
        task.configure().priority(5).lock("l").defer(Map.of("n", 2));
        task.configure().priority(5).lock("l").defer(Map.of("n", 3));
        drain();
        assertThat(ran).containsExactly(2, 3, 1);
        assertThat(connector.jobs()).extracting(Job::status).containsOnly(JobStatus.SUCCEEDED);
    }

    @ParameterizedTest
    @EnumSource
    void jobsAreListedAndCountedByEachStatus(JobStatus status) {
        Task<Map<String, @Nullable Object>> task = app.task("work").run(args -> {});
        Task<Map<String, @Nullable Object>> failing = app.task("fail").run(args -> {
            throw new IllegalStateException("on purpose");
        });
        task.defer(Map.of());
        failing.defer(Map.of());
        drain();
        app.jobManager().cancel(task.defer(Map.of()));
        task.defer(Map.of());

        int expected = connector.jobs().stream().anyMatch(job -> job.status() == status) ? 1 : 0;
        JobFilter filter = JobFilter.ALL.status(status);
        assertThat(app.jobManager().list(filter))
                .extracting(Job::status)
                .hasSize(expected)
                .allMatch(status::equals);
        assertThat(app.jobManager().queues(filter)).hasSize(expected);
        assertThat(app.jobManager().list(JobFilter.ALL.stalledFor(Duration.ofMinutes(1))))
                .isEmpty();
    }

    @Test
    void aScheduledJobRunsWhenTheClockHasBeenMoved() {
        Task<Map<String, @Nullable Object>> task = app.task("work").run(args -> {});
        long id = task.configure().in(Duration.ofHours(1)).defer(Map.of());
        drain();
        assertThat(app.jobManager().status(id)).isEqualTo(JobStatus.TODO);
        clock.updateAndGet(now -> now.plus(Duration.ofHours(1)));
        drain();
        assertThat(app.jobManager().status(id)).isEqualTo(JobStatus.SUCCEEDED);
    }

    @Test
    void aPeriodicTimeThatIsTooLongAgoIsLeftOut() {
        clock.set(Instant.parse("2026-01-01T03:11:00Z"));
        app.task("long ago").periodic("0 3 * * *").run(args -> {});
        app.task("just now").periodic("10 3 * * *").run(args -> {});
        try (Worker worker = app.worker(
                WorkerOptions.builder().periodicMaxDelay(Duration.ofMinutes(10)).build())) {
            worker.start();
            await().atMost(Duration.ofSeconds(30)).until(() -> !connector.jobs().isEmpty());
        }
        assertThat(connector.jobs()).extracting(Job::taskName).containsExactly("just now");
        assertThat(connector.jobs().get(0).args())
                .isEqualTo("{\"timestamp\":"
                        + Instant.parse("2026-01-01T03:10:00Z").getEpochSecond() + "}");
    }

    @Test
    void aCodecOfOnesOwnReadsAndWritesArguments() {
        JsonCodec codec = new JsonCodec() {
            @Override
            public String write(@Nullable Object value, Type type) {
                return "{\"wrapped\": " + JsonCodec.standard().write(value, type) + "}";
            }

            @Override
            public @Nullable Object read(String json, Type type) {
                return Map.of("read", json);
            }
        };
        List<Object> seen = new CopyOnWriteArrayList<>();
        try (App own =
                App.builder().connector(connector).jsonCodec(codec).build().open()) {
            Task<Map<String, @Nullable Object>> task = own.task("work").run(args -> seen.add(args));
            task.defer(Map.of("n", 1));
            own.runWorker(WorkerOptions.builder().waitForJobs(false).build());
        }
        assertThat(seen).containsExactly(Map.of("read", "{\"wrapped\":{\"n\":1}}"));
    }

    @Test
    void aFailedJobIsRetriedAndThenFails() {
        Task<Map<String, @Nullable Object>> task = app.task("work")
                .retry(RetryStrategy.times(2))
                .run(args -> {
                    throw new IllegalStateException("no");
                });
        task.defer(Map.of());
        drain();
        assertThat(connector.jobs().get(0).status()).isEqualTo(JobStatus.FAILED);
        assertThat(connector.jobs().get(0).attempts()).isEqualTo(3);
    }

    @Test
    void aQueueingLockIsRefusedFoundOrSkipped() {
        Task<Map<String, @Nullable Object>> task =
                app.task("work").queueingLock("once").run(args -> {});
        long id = task.defer(Map.of());
        assertThatExceptionOfType(AlreadyEnqueuedException.class)
                .isThrownBy(() -> task.defer(Map.of()))
                .withMessageContaining("once")
                .satisfies(e -> assertThat(e.waitingJobId()).isEqualTo(id));
        assertThat(task.configure().deferOrFind(Map.of())).isEqualTo(id);
        assertThat(task.configure().deferUnlessWaiting(Map.of())).isEmpty();
        assertThatExceptionOfType(AlreadyEnqueuedException.class)
                .isThrownBy(() -> task.configure().queueingLock("twice").batchDefer(List.of(Map.of(), Map.of())));
        assertThat(app.jobManager().list(JobFilter.ALL)).hasSize(1);
    }

    @Test
    void aNotificationWakesAnIdleWorkerAndAbortsARunningJob() {
        CountDownLatch started = new CountDownLatch(1);
        Task<Map<String, @Nullable Object>> task = app.task("endless").run(args -> {
            started.countDown();
            new CountDownLatch(1).await();
        });
        Worker worker = app.worker(WorkerOptions.builder()
                .fetchPollingInterval(Duration.ofHours(1))
                .abortPollingInterval(Duration.ofHours(1))
                .build());
        worker.start();
        try {
            long id = task.defer(Map.of());
            await().atMost(Duration.ofSeconds(20)).until(() -> started.getCount() == 0);
            app.jobManager().cancel(id, CancelOption.ABORT);
            await().atMost(Duration.ofSeconds(20)).until(() -> app.jobManager().status(id) == JobStatus.ABORTED);
        } finally {
            worker.close();
        }
    }

    private void drain() {
        app.runWorker(WorkerOptions.builder().waitForJobs(false).build());
    }
}

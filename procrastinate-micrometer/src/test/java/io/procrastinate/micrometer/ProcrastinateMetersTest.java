package io.procrastinate.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.LongTaskTimer;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.procrastinate.App;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.job.NewJob;
import io.procrastinate.tck.TestDatabase;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ProcrastinateMetersTest {

    private final TestDatabase database = TestDatabase.withSchema();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final ProcrastinateMeters meters = ProcrastinateMeters.create(Duration.ofMillis(50));
    private final App app = App.builder()
            .settings(database.settings())
            .deferMiddleware(meters)
            .build()
            .open();

    ProcrastinateMetersTest() {
        meters.bindTo(registry);
    }

    @AfterEach
    void close() {
        meters.close();
        app.close();
        database.close();
    }

    @Test
    void countsDeferralsByQueueTaskAndTransaction() throws SQLException {
        meters.watch(app);
        app.task("mail.send").queue("mail").run(nothing -> {});
        app.configureTask("mail.send").defer(Map.of());
        app.configureTask("mail.send").batchDefer(List.of(Map.of(), Map.of()));
        app.externalTask("python.report").queue("python").defer(Map.of());
        try (Connection connection = database.connect()) {
            app.configureTask("mail.send").on(connection).defer(Map.of());
        }

        assertThat(count("procrastinate.jobs.deferred", "queue", "mail", "task", "mail.send", "joined", "false"))
                .isEqualTo(3);
        assertThat(count("procrastinate.jobs.deferred", "queue", "mail", "task", "mail.send", "joined", "true"))
                .isEqualTo(1);
        assertThat(count("procrastinate.jobs.deferred", "queue", "python", "task", "python.report"))
                .isEqualTo(1);
    }

    @Test
    void countsWhatAQueueingLockRefuses() {
        NewJob job = NewJob.of("once").queueingLock("once");
        app.jobManager().defer(job);

        assertThatThrownBy(() -> app.jobManager().defer(job)).isInstanceOf(AlreadyEnqueuedException.class);

        assertThat(count("procrastinate.jobs.refused", "queue", "default", "task", "once"))
                .isEqualTo(1);
        assertThat(count("procrastinate.jobs.deferred", "task", "once")).isEqualTo(1);
    }

    @Test
    void timesRunsByOutcomeAndException() {
        app.task("works").run(nothing -> {});
        app.task("fails").retry(1).run(nothing -> {
            throw new IOException("no network");
        });
        app.configureTask("works").defer(Map.of());
        app.configureTask("fails").defer(Map.of());
        app.externalTask("nobody's").defer(Map.of());
        work();

        assertThat(runs("task", "works", "outcome", "succeeded", "exception", "none"))
                .isEqualTo(1);
        assertThat(runs("task", "fails", "outcome", "retried", "exception", "IOException"))
                .isEqualTo(1);
        assertThat(runs("task", "fails", "outcome", "failed", "exception", "IOException"))
                .isEqualTo(1);
        assertThat(runs("task", "(unknown)", "outcome", "failed", "exception", "TaskNotFoundException"))
                .isEqualTo(1);
        assertThat(registry.get("procrastinate.job.wait")
                        .tag("task", "works")
                        .timer()
                        .count())
                .isEqualTo(1);
        assertThat(registry.get("procrastinate.job.active").longTaskTimers())
                .allMatch(timer -> timer.activeTasks() == 0);
    }

    @Test
    void showsWorkersAndTheRunsThatGoOnUntilTheyEnd() {
        CountDownLatch gate = new CountDownLatch(1);
        app.task("slow").run(nothing -> gate.await());
        app.configureTask("slow").defer(Map.of());
        Worker worker = app.worker(options().waitForJobs(true).concurrency(3).build());
        meters.watch(worker);
        worker.start();

        eventually().until(() -> gauge("procrastinate.worker.slots.busy") == 1);
        assertThat(gauge("procrastinate.worker.slots")).isEqualTo(3);
        eventually().until(() -> gauge("procrastinate.worker.healthy") == 1);
        eventually().until(() -> gauge("procrastinate.worker.heartbeat.age") >= 0);
        eventually().until(() -> active() == 1);

        gate.countDown();
        eventually().until(() -> active() == 0);
        worker.stop();
        eventually()
                .until(() ->
                        registry.find("procrastinate.worker.slots").gauges().isEmpty());
        assertThat(registry.find("procrastinate.worker.healthy").gauges()).isEmpty();
    }

    @Test
    void workersOfOneNameAreAddedUp() {
        try (Worker one = app.worker(options().concurrency(3).build());
                Worker two = app.worker(options().concurrency(4).build())) {
            meters.watch(one);
            meters.watch(two);

            assertThat(gauge("procrastinate.worker.slots")).isEqualTo(7);
            assertThat(gauge("procrastinate.worker.healthy"))
                    .as("they have not been started")
                    .isZero();
            assertThat(gauge("procrastinate.worker.heartbeat.age")).isNaN();
        }
    }

    @Test
    void countsWhatSchedulesDefer() {
        app.task("tick").periodic("* * * * * *").run(nothing -> {});
        try (Worker worker = app.worker(options().waitForJobs(true).build())) {
            worker.start();
            eventually()
                    .until(() -> count("procrastinate.periodic.deferred", "task", "tick") >= 1
                            && runs("task", "tick", "outcome", "succeeded") >= 1);
        }
    }

    @Test
    void readsTheBacklogFromTimeToTime() {
        meters.watch(app);
        app.jobManager().defer(NewJob.of("waits").queue("mail"));
        app.jobManager().defer(NewJob.of("later").queue("mail").in(Duration.ofHours(1)));

        eventually().until(() -> backlog("mail", "due") == 1 && backlog("mail", "scheduled") == 1);
        assertThat(registry.get("procrastinate.backlog.age")
                        .tag("queue", "mail")
                        .gauge()
                        .value())
                .isNotNegative();
        assertThat(registry.get("procrastinate.workers")
                        .tag("state", "alive")
                        .gauge()
                        .value())
                .isZero();

        app.close();
        eventually()
                .until(() ->
                        registry.find("procrastinate.backlog.jobs").gauges().isEmpty());
    }

    private void work() {
        app.runWorker(options().build());
    }

    private WorkerOptions.Builder options() {
        return WorkerOptions.builder()
                .listener(meters)
                .installShutdownHook(false)
                .waitForJobs(false);
    }

    private double count(String name, String... tags) {
        return registry.find(name).tags(tags).counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    private long runs(String... tags) {
        return registry.find("procrastinate.job.run").tags(tags).timers().stream()
                .mapToLong(Timer::count)
                .sum();
    }

    private int active() {
        return registry.find("procrastinate.job.active").longTaskTimers().stream()
                .mapToInt(LongTaskTimer::activeTasks)
                .sum();
    }

    private double gauge(String name) {
        return registry.get(name).tag("worker", "worker").gauge().value();
    }

    private double backlog(String queue, String state) {
        Gauge gauge = registry.find("procrastinate.backlog.jobs")
                .tags("queue", queue, "state", state)
                .gauge();
        return gauge == null ? -1 : gauge.value();
    }

    private static ConditionFactory eventually() {
        return await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(20));
    }
}

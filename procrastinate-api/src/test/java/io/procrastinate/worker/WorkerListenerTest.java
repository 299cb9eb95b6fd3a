package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.job.Job;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.task.JobContext;
import io.procrastinate.task.Periodic;
import io.procrastinate.task.Task;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What listeners are notified of. */
class WorkerListenerTest {

    private final InMemoryConnector connector = new InMemoryConnector();
    private final App app = App.builder().connector(connector).build().open();
    private final List<String> events = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        app.close();
    }

    /** Writes down what it is notified of. */
    private final class Recorder implements WorkerListener {

        @Override
        public void jobsFetched(String worker, int jobs) {
            events.add("fetched " + jobs);
        }

        @Override
        public void jobStarted(JobContext context) {
            context.attributes().put("began", context.job().id());
            events.add("started " + context.job().taskName());
        }

        @Override
        public void jobEnded(JobContext context, JobResult result) {
            events.add("ended " + result.job().taskName() + " " + result.outcome() + " "
                    + context.attributes().get("began") + " "
                    + context.attributes().get("inside"));
        }

        @Override
        public void periodicDeferred(String worker, Task<?> task, Periodic periodic, Instant time, long jobId) {
            events.add("periodic " + task.name());
        }

        @Override
        public void periodicSkipped(String worker, Task<?> task, Periodic periodic, Instant time) {
            events.add("skipped " + task.name());
        }

        @Override
        public void jobsRescued(String worker, List<Job> jobs) {
            events.add("rescued " + jobs.stream().map(Job::taskName).toList());
        }

        @Override
        public void heartbeat(String worker, boolean stored) {
            events.add("heartbeat " + stored);
        }

        @Override
        public void stateChanged(String worker, WorkerHealth.State state) {
            events.add("state " + state);
        }

        @Override
        public void problemBegan(String worker, WorkerHealth.Problem problem) {
            events.add("problem " + problem.activity());
        }
    }

    private static final class Broken implements WorkerListener {

        @Override
        public void jobStarted(JobContext context) {
            throw new IllegalStateException("so be it");
        }

        @Override
        public void jobEnded(JobContext context, JobResult result) {
            throw new StackOverflowError("so be it");
        }
    }

    @Test
    void severalAreNotifiedOfTheLifeOfAWorkerThoughOneFails() {
        app.task("mail").body((context, args) -> context.attributes().put("inside", "seen"));
        app.externalTask("mail").defer(Map.of());

        try (Worker worker = app.worker(WorkerOptions.builder()
                .waitForJobs(false)
                .listener(new Broken(), new Recorder())
                .onJobEnded(result -> events.add("short form " + result.outcome()))
                .build())) {
            worker.run();
            assertThat(worker.ended()).isCompleted();
        }

        assertThat(events)
                .containsSubsequence(
                        "state RUNNING",
                        "fetched 1",
                        "started mail",
                        "ended mail SUCCEEDED 1 seen",
                        "short form SUCCEEDED",
                        "state ENDED")
                .containsSubsequence("state RUNNING", "state STOPPING", "state ENDED")
                .contains("heartbeat true");
    }

    @Test
    void isNotifiedInDrain() {
        app.task("mail").run(args -> {});
        app.externalTask("mail").defer(Map.of());

        app.drain(WorkerOptions.builder().listener(new Recorder()).build());

        assertThat(events).containsSubsequence("fetched 1", "started mail", "ended mail SUCCEEDED 1 null");
    }

    @Test
    void isNotifiedOfWhatIsDeferredByTheClock() {
        app.task("tick").queueingLock("one").periodic("* * * * *").run(args -> {});
        app.task("tock").queueingLock("one").periodic("* * * * *").run(args -> {});

        try (Worker worker = app.worker(
                WorkerOptions.builder().queues("none").listener(new Recorder()).build())) {
            worker.start();
            await().until(() -> events.contains("periodic tick") && events.contains("skipped tock"));
        }
    }

    @Test
    void isNotifiedOfAnActivityThatBeginsToFail() {
        AtomicInteger failures = new AtomicInteger();
        try (App other = App.builder()
                        .connector(connector)
                        .deferMiddleware((context, next) -> {
                            if (failures.incrementAndGet() <= 2) {
                                throw new IllegalStateException("so be it");
                            }
                            return next.run(context.jobs());
                        })
                        .build()
                        .open();
                Worker worker = other.worker(
                        WorkerOptions.builder().listener(new Recorder()).build())) {
            other.task("tick").periodic("* * * * *").run(args -> {});
            worker.start();
            await().until(() -> events.contains("periodic tick"));
        }
        assertThat(events).containsOnlyOnce("problem deferring periodic tasks");
    }

    @Test
    void aWorkerEndsWithoutAnyoneWaiting() {
        Worker worker = app.worker(
                WorkerOptions.builder().listener(new Recorder()).concurrency(3).build());
        assertThat(worker.ended().toCompletableFuture()).isNotDone();
        worker.start();
        await().until(worker::isHealthy);
        assertThat(worker.health().concurrency()).isEqualTo(3);
        assertThat(worker.health().localQueue()).isZero();

        worker.stop();

        await().until(() -> worker.ended().toCompletableFuture().isDone());
        assertThat(worker.health().state()).isEqualTo(WorkerHealth.State.ENDED);
    }
}

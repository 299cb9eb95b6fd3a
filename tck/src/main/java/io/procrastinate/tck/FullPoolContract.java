package io.procrastinate.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.procrastinate.App;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.JobAbortedException;
import io.procrastinate.job.CancelOption;
import io.procrastinate.job.JobStatus;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Workers whose jobs hold every connection of the pool for longer than a worker may be silent. */
@Needs(Capability.SQL)
abstract class FullPoolContract extends AppContract {

    /** How many connections an app's pool has for its jobs: as many as the pools of most applications. */
    private static final int PLACES = 10;

    private static final Duration STALLED = Duration.ofSeconds(2);
    private static final Duration SOON = Duration.ofMillis(200);
    private static final BoundQuery HOLD = Sql.of("SELECT pg_sleep(300) /* held */")
            .deadline(Duration.ofMinutes(5))
            .bound();

    private final Map<Long, AtomicInteger> runs = new ConcurrentHashMap<>();
    private final AtomicBoolean released = new AtomicBoolean();
    private final List<Worker> workers = new ArrayList<>();

    FullPoolContract(ConnectorTck tck) {
        super(tck, Calls.STAGES);
    }

    @AfterEach
    void release() {
        released.set(true);
        workers.forEach(Worker::stop);
        if (knowsSql() && !workers.isEmpty()) {
            Patience.prepare("the jobs to end").until(() -> {
                cancelHeld();
                return workers.stream().allMatch(worker -> worker.health().runningJobs() == 0);
            });
        }
    }

    private void cancelHeld() {
        database()
                .texts(
                        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE state = 'active'"
                                + " AND pid <> pg_backend_pid() AND datname = current_database() AND query LIKE '%/* held */%'");
    }

    /** Starts workers of one app, which can run one job more than its pool has connections for them. */
    private App start(int many) {
        ConnectorSettings small = settings().toBuilder()
                .poolSize(PLACES + many * takenByAWorker())
                .connectTimeout(Duration.ofSeconds(5))
                .build();
        App app = app(small);
        AsyncConnector connector = (AsyncConnector) app.connector();
        app.task("hold").body((context, args) -> {
            ran(context.job().id());
            while (!released.get() && !context.lost()) {
                // Fails if the pool has no connection yet, or when it is cancelled.
                assertThat(catchThrowable(() -> Stages.join(connector.execute(HOLD))))
                        .isNotNull();
            }
            return null;
        });
        app.task("endless").body((context, args) -> {
            ran(context.job().id());
            Patience.await("the request to abort").until(context::shouldAbort);
            throw new JobAbortedException("as requested");
        });
        for (int started = 0; started < many; started++) {
            Worker worker = keep(app.worker(WorkerOptions.builder()
                    .concurrency(PLACES / many + 1)
                    .fetchPollingInterval(SOON)
                    .abortPollingInterval(SOON)
                    .heartbeatInterval(SOON)
                    .stalledWorkerTimeout(STALLED)
                    .installShutdownHook(false)
                    .build()));
            workers.add(worker);
            worker.start();
        }
        Patience.prepare("the workers to be registered")
                .until(() -> database().number("SELECT count(*) FROM procrastinate_workers") == workers.size());
        return app;
    }

    private void ran(long job) {
        runs.computeIfAbsent(job, id -> new AtomicInteger()).incrementAndGet();
    }

    private void awaitRuns(int many) {
        Patience.prepare(many + " jobs to run").until(() -> runs.size() == many);
    }

    private long held() {
        return database()
                .number("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
                        + " AND datname = current_database() AND query LIKE '%/* held */%'");
    }

    private String now() {
        return String.valueOf(database().text("SELECT clock_timestamp()::text"));
    }

    /** Waits until this many workers have sent heartbeats for three times as long as they may be silent. */
    private void awaitThreeTimeOuts(int many) {
        String since = now();
        Patience.untilAsserted(
                "the workers to go on sending heartbeats",
                () -> assertThat(database()
                                .number(
                                        "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > ?::timestamptz"
                                                + " + ?::interval",
                                        since,
                                        STALLED.multipliedBy(3).toString()))
                        .as("workers that have sent heartbeats all the time")
                        .isEqualTo(many));
    }

    @Test
    @Promise(
            of = Worker.class,
            says = "The statements that keep it and its jobs alive never wait for a connection behind these jobs,"
                    + " or behind the application that shares the pool.",
            lookAt = "the reserving contract: the heartbeat, results and aborts go over a reserved connection")
    void jobsThatHoldThePoolRunOnceAndAreAborted() {
        App app = start(3);
        long endless = defer(app, job("endless"), null);
        defer(app, Collections.nCopies(PLACES, job("hold")), null);
        awaitRuns(1 + PLACES);
        Patience.prepare("the jobs to hold the pool").until(() -> held() == PLACES);
        // A worker that is undisturbed, and that would take over the jobs of workers that it considers dead.
        App other = start(1);
        awaitThreeTimeOuts(4);
        assertThat(runs.values())
                .as("how often each job ran")
                .allSatisfy(times -> assertThat(times).hasValue(1));

        assertThat(other.jobManager().cancel(endless, CancelOption.ABORT)).isTrue();
        Patience.untilAsserted(
                "the job to be aborted",
                () -> assertThat(other.jobManager().status(endless)).isEqualTo(JobStatus.ABORTED));
        assertThat(held()).as("connections that are still held").isEqualTo(PLACES);

        released.set(true);
        Patience.untilAsserted("the jobs to end", () -> {
            cancelHeld();
            assertThat(count(other, JobStatus.SUCCEEDED)).isEqualTo(PLACES);
        });
        assertThat(runs.values())
                .as("how often each job ran")
                .hasSize(1 + PLACES)
                .allSatisfy(times -> assertThat(times).hasValue(1));
    }

    @Test
    @Promise(
            of = Worker.class,
            says = "The statements that keep it and its jobs alive never wait for a connection behind these jobs,"
                    + " or behind the application that shares the pool.",
            lookAt = "the reserving contract: results and aborts of a worker whose pool is full")
    void resultsAreStoredAndAbortsHeardWhileThePoolIsFull() {
        App app = start(1);
        App observer = app();
        long endless = defer(observer, job("endless"), null);
        awaitRuns(1);
        defer(observer, Collections.nCopies(PLACES, job("hold")), null);
        awaitRuns(1 + PLACES);
        Patience.prepare("the jobs to hold the pool").until(() -> held() == PLACES);
        assertThat(observer.jobManager().cancel(endless, CancelOption.ABORT)).isTrue();
        Patience.untilAsserted(
                "the job to be aborted, and its end to be stored",
                () -> assertThat(observer.jobManager().status(endless)).isEqualTo(JobStatus.ABORTED));
        assertThat(held()).as("connections that are still held").isEqualTo(PLACES);
        assertThat(app.tasks().all()).isNotEmpty();
    }

    @Test
    @Promise(
            of = Worker.class,
            says = "The statements that keep it and its jobs alive never wait for a connection behind these jobs,"
                    + " or behind the application that shares the pool.",
            lookAt = "the reserving contract: a worker that stops gives its jobs back and unregisters")
    void aWorkerStopsWhileTheApplicationHoldsThePool() {
        App app = start(1);
        AsyncConnector connector = (AsyncConnector) app.connector();
        List<Thread> holders = new ArrayList<>();
        for (int holder = 0; holder < PLACES; holder++) {
            Thread thread = new Thread(
                    () -> {
                        while (!released.get()) {
                            assertThat(catchThrowable(() -> Stages.join(connector.execute(HOLD))))
                                    .isNotNull();
                        }
                    },
                    "tck-holder");
            thread.setDaemon(true);
            thread.start();
            holders.add(thread);
        }
        Patience.prepare("the pool to be held").until(() -> held() == PLACES);
        workers.get(0).stop();
        assertThat(workers.get(0).awaitEnd(Patience.bound().plusSeconds(40)))
                .as("whether the worker has ended")
                .isTrue();
        assertThat(database().number("SELECT count(*) FROM procrastinate_workers"))
                .as("workers that are still registered")
                .isZero();
        released.set(true);
        Patience.prepare("the connections to be given back").until(() -> {
            cancelHeld();
            return holders.stream().noneMatch(Thread::isAlive);
        });
    }
}

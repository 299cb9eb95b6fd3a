package io.procrastinate.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.procrastinate.App;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.exception.JobAbortedException;
import io.procrastinate.job.CancelOption;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobEvent;
import io.procrastinate.job.JobEventType;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.NewJob;
import io.procrastinate.job.OldJobs;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.task.Middleware;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerHealth;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Whole workers over the connector. */
abstract class WorkerContract extends AppContract {

    private static final String WORKS = "Fetches jobs, runs them and stores their results, until it is stopped.";
    private static final Duration SOON = Duration.ofMillis(200);

    private final Map<Long, AtomicInteger> runs = new ConcurrentHashMap<>();

    WorkerContract(ConnectorTck tck) {
        super(tck, Calls.STAGES);
    }

    private static WorkerOptions.Builder options() {
        return WorkerOptions.builder()
                .concurrency(4)
                .fetchPollingInterval(SOON)
                .abortPollingInterval(SOON)
                .heartbeatInterval(Duration.ofMillis(500))
                .installShutdownHook(false);
    }

    private Worker start(App app, WorkerOptions options) {
        Worker worker = keep(app.worker(options));
        worker.start();
        return worker;
    }

    /** An app whose jobs of the task "note" count their runs. */
    private App counting(ConnectorSettings settings) {
        App app = app(settings);
        app.task("note").body((context, args) -> {
            runs.computeIfAbsent(context.job().id(), id -> new AtomicInteger()).incrementAndGet();
            return null;
        });
        return app;
    }

    private List<Long> deferNotes(App app, int many) {
        return defer(
                app, IntStream.range(0, many).mapToObj(number -> job("note")).toList(), null);
    }

    private void awaitSucceeded(App app, int many) {
        boolean sql = knowsSql();
        Patience.untilAsserted(
                "all jobs to succeed",
                () -> assertThat(sql ? statusesInDatabase() : statuses(app))
                        .as("jobs by status, connector '%s'", app.connector().name())
                        .isEqualTo(Map.of("succeeded", (long) many)));
    }

    /** Reads without the connector, whose connections may be broken at the time. */
    private Map<String, Long> statusesInDatabase() {
        return database().texts("SELECT status::text FROM procrastinate_jobs").stream()
                .collect(Collectors.groupingBy(String::valueOf, Collectors.counting()));
    }

    private static Map<String, Long> statuses(App app) {
        return app.jobManager().list(JobFilter.ALL).stream()
                .collect(Collectors.groupingBy(job -> job.status().text(), Collectors.counting()));
    }

    private void assertEachRanOnce(List<Long> ids) {
        assertThat(runs.keySet()).as("jobs that ran").containsExactlyInAnyOrderElementsOf(ids);
        assertThat(runs.entrySet())
                .as("how often each job ran")
                .allSatisfy(entry -> assertThat(entry.getValue().get()).isOne());
    }

    @Test
    @Promise(of = Worker.class, says = WORKS, lookAt = "the queries and types contracts: a worker needs nothing else")
    void runsEachJobOnceAmongManyWorkers() {
        App app = counting(settings());
        List<Long> ids = deferNotes(app, 300);
        List<Worker> workers = Stream.generate(
                        () -> start(counting(settings()), options().build()))
                .limit(3)
                .toList();
        awaitSucceeded(app, 300);
        assertEachRanOnce(ids);
        // Before any app is closed: those in memory share one connector, without which a worker tries for long to sign
        // off.
        workers.forEach(Worker::close);
    }

    @Test
    @Promise(
            of = {Job.class, NewJob.class},
            says = "Jobs of one lock run one at a time, in order; null for none.",
            lookAt = "statements that are committed later than they are answered")
    void runsTheJobsOfALockOneAtATimeInOrder() {
        List<Long> order = new ArrayList<>();
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        App app = app();
        for (App each : List.of(app, app())) {
            each.task("locked").body((context, args) -> {
                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                synchronized (order) {
                    order.add(context.job().id());
                }
                inside.decrementAndGet();
                return null;
            });
        }
        List<Long> ids = defer(
                app,
                IntStream.range(0, 40)
                        .mapToObj(number -> job("locked").lock("one at a time"))
                        .toList(),
                null);
        start(app, options().build());
        awaitSucceeded(app, 40);
        assertThat(order).containsExactlyElementsOf(ids);
        assertThat(most.get()).as("jobs of the lock that ran at the same time").isOne();
    }

    @Test
    @Promise(
            of = {Job.class, NewJob.class},
            says = "Higher values run first.",
            lookAt = "how integers are bound")
    void runsJobsByPriority() {
        List<Integer> order = new ArrayList<>();
        App app = app();
        app.task("ranked").body((context, args) -> {
            synchronized (order) {
                order.add(context.job().priority());
            }
            return null;
        });
        for (int priority : new int[] {0, 5, -3, 10, 1}) {
            defer(app, job("ranked").priority(priority), null);
        }
        start(app, options().concurrency(1).build());
        awaitSucceeded(app, 5);
        assertThat(order).containsExactly(10, 5, 1, 0, -3);
    }

    @Test
    @Promise(of = Worker.class, says = WORKS, lookAt = "how a job's next run is stored: its schedule, its attempts")
    void retriesAndFails() {
        App app = app();
        app.task("stubborn").retry(3).body((context, args) -> {
            if (context.job().attempts() < 2) {
                throw new IllegalStateException("not yet");
            }
            return null;
        });
        app.task("hopeless").run(args -> {
            throw new IllegalStateException("never");
        });
        long stubborn = defer(app, job("stubborn"), null);
        long hopeless = defer(app, job("hopeless"), null);
        start(app, options().build());
        Patience.untilAsserted("both jobs to end", () -> {
            assertThat(app.jobManager().status(stubborn)).isEqualTo(JobStatus.SUCCEEDED);
            assertThat(app.jobManager().status(hopeless)).isEqualTo(JobStatus.FAILED);
        });
        assertThat(app.jobManager().list(JobFilter.ALL.id(stubborn)).get(0).attempts())
                .isEqualTo(3);
    }

    @Test
    @Promise(
            of = JobManager.class,
            says = "Returns the events of a job, in order; an empty list if there is no such job.",
            lookAt = "the order of rows, and columns of the type timestamptz that are null")
    void tellsWhatBecameOfAJob() {
        App app = app();
        app.task("add").retry(1).storeResult(true).body((context, args) -> {
            if (context.job().attempts() == 0) {
                throw new IllegalStateException("not yet");
            }
            return List.of(1, 2.5, "three");
        });
        app.task("fail").run(args -> {
            throw new IllegalStateException("never");
        });
        long add = defer(app, job("add"), null);
        long fail = defer(app, job("fail"), null);
        start(app, options().build());
        Patience.untilAsserted("both jobs to end", () -> {
            assertThat(app.jobManager().status(add)).isEqualTo(JobStatus.SUCCEEDED);
            assertThat(app.jobManager().status(fail)).isEqualTo(JobStatus.FAILED);
        });
        assertThat(app.jobManager().events(add))
                .extracting(JobEvent::type)
                .containsExactly(
                        JobEventType.DEFERRED,
                        JobEventType.STARTED,
                        JobEventType.SCHEDULED,
                        JobEventType.DEFERRED_FOR_RETRY,
                        JobEventType.STARTED,
                        JobEventType.SUCCEEDED);
        assertThat(app.jobManager().events(fail))
                .extracting(JobEvent::type)
                .containsExactly(JobEventType.DEFERRED, JobEventType.STARTED, JobEventType.FAILED);
        assertThat(app.jobManager().events(fail + 1)).isEmpty();
        Job added = app.jobManager().list(JobFilter.ALL.id(add)).get(0);
        assertThat(added.deferredAt()).isNotNull().isBeforeOrEqualTo(added.startedAt());
        assertThat(added.startedAt()).isBeforeOrEqualTo(added.endedAt());
        assertThat(String.valueOf(added.result()).replace(" ", "")).isEqualTo("[1,2.5,\"three\"]");
        assertThat(added.error()).isNull();
        assertThat(app.jobManager().list(JobFilter.ALL.id(fail)).get(0).error())
                .startsWith("java.lang.IllegalStateException: never");
    }

    @Test
    @Promise(
            of = WorkerOptions.class,
            says = "mean for ever, and are capped at 100 years",
            lookAt = "bigints in arithmetic with instants, and time-outs that are longer than a driver counts")
    void whatIsToLastForEverDoes() {
        Duration forEver = ChronoUnit.FOREVER.getDuration();
        App app = app();
        app.task("patient").timeout(forEver).run(args -> {});
        app.task("later").retry((failure, job) -> RetryDecision.in(forEver)).run(args -> {
            throw new IllegalStateException("not in this life");
        });
        long patient = defer(app, job("patient"), null);
        long later = defer(app, job("later"), null);
        long never = defer(app, job("patient").in(forEver), null);
        start(
                app,
                WorkerOptions.builder()
                        .fetchPollingInterval(forEver)
                        .abortPollingInterval(forEver)
                        .stalledWorkerTimeout(forEver)
                        .shutdownGracefulTimeout(forEver)
                        .localQueueSize(1)
                        .localQueueTimeToLive(forEver)
                        .periodicMaxDelay(forEver)
                        .installShutdownHook(false)
                        .build());
        Patience.untilAsserted("the job to succeed, and the other to be put off", () -> {
            assertThat(app.jobManager().status(patient)).isEqualTo(JobStatus.SUCCEEDED);
            assertThat(app.jobManager().list(JobFilter.ALL.id(later)))
                    .extracting(Job::status, Job::attempts)
                    .containsExactly(tuple(JobStatus.TODO, 1));
        });
        assertThat(app.jobManager().status(never)).isEqualTo(JobStatus.TODO);
        assertThat(app.jobManager().list(JobFilter.ALL.stalledFor(forEver))).isEmpty();
        assertThat(app.jobManager().deleteOld(OldJobs.ended(forEver), () -> true))
                .isZero();
    }

    @Test
    @Promise(
            of = {JobManager.class, CancelOption.class},
            says = {
                "Cancels a waiting job and, with CancelOption.ABORT, asks a running one to abort.",
                "Also asks a running job to abort."
            },
            lookAt = "booleans in arrays of rows, and notifications of abort requests")
    void abortsARunningJob() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        App app = app();
        app.task("endless").body((context, args) -> {
            running.countDown();
            Patience.await("the request to abort").until(context::shouldAbort);
            throw new JobAbortedException("as requested");
        });
        long id = defer(app, job("endless"), null);
        start(app, options().build());
        assertThat(running.await(Patience.bound().toSeconds(), TimeUnit.SECONDS))
                .isTrue();
        assertThat(app.jobManager().cancel(id, CancelOption.ABORT)).isTrue();
        Patience.untilAsserted(
                "the job to be aborted",
                () -> assertThat(app.jobManager().status(id)).isEqualTo(JobStatus.ABORTED));
    }

    @Test
    @Needs({Capability.LISTEN, Capability.SQL})
    @Promise(
            of = Worker.class,
            says = "A notification is a hint, which anyone may have sent: it only makes the worker ask the database"
                    + " which jobs wait, and which of its own must abort.",
            lookAt = "the schema of the connector's settings; the apps of all schemas share the channels")
    void abortsNoJobOfAnotherSchemaNorAForgedOne() throws Exception {
        CountDownLatch released = new CountDownLatch(1);
        App one = appOfSchema("one", released);
        App two = appOfSchema("two", released);
        for (App app : List.of(one, two)) {
            assertThat(defer(app, job("endless"), null)).isOne();
            start(app, options().abortPollingInterval(Duration.ofHours(1)).build());
            Patience.await("the job to run").until(() -> count(app, JobStatus.DOING) == 1);
        }
        assertThat(one.jobManager().cancel(1, CancelOption.ABORT)).isTrue();
        Patience.untilAsserted(
                "the job to be aborted",
                () -> assertThat(one.jobManager().status(1)).isEqualTo(JobStatus.ABORTED));
        for (String forged : List.of(
                "{\"type\": \"abort_job_requested\", \"job_id\": 1}",
                "{\"type\": \"abort_job_requested\", \"job_id\": \"1\"}",
                "{\"type\": \"abort_job_requested\", \"job_id\": [" + "1,".repeat(3000) + "1]}",
                "{\"type\": {\"type\": \"abort_job_requested\"}}",
                "[".repeat(7000),
                "null",
                "")) {
            for (int time = 0; time < 100; time++) {
                database().run("SELECT pg_notify('procrastinate_any_queue_v1', ?)", forged);
            }
        }
        // Its notification arrives after all that were sent before.
        long last = defer(two, job("note"), null);
        Patience.untilAsserted(
                "the last job to succeed",
                () -> assertThat(two.jobManager().status(last)).isEqualTo(JobStatus.SUCCEEDED));
        released.countDown();
        Patience.untilAsserted(
                "the other schema's job to succeed",
                () -> assertThat(two.jobManager().status(1)).isEqualTo(JobStatus.SUCCEEDED));
    }

    /**
     * An app whose jobs are in a schema of their own. Those of the task "endless" run until they are released or asked
     * to abort.
     */
    private App appOfSchema(String schema, CountDownLatch released) {
        ConnectorSettings settings = ofRole(schema);
        database().run("CREATE SCHEMA " + schema + " AUTHORIZATION " + role(schema));
        database()
                .run("ALTER ROLE " + role(schema) + " IN DATABASE " + database().name() + " SET search_path = "
                        + schema);
        App app = counting(settings); // whichever side opens the pool
        app.schemaManager().apply();
        app.task("endless").run(args -> released.await());
        return app;
    }

    @Test
    @Needs(Capability.LISTEN)
    @Promise(
            of = Capability.class,
            says = {"Delivers notifications of the database (LISTEN).", "Without it, workers poll."},
            lookAt = "the notifications contract: this worker would poll once an hour")
    void isWokenByNotifications() {
        App app = counting(settings());
        start(app, options().fetchPollingInterval(Duration.ofHours(1)).build());
        for (int time = 1; time <= 5; time++) {
            deferNotes(app, 1);
            awaitSucceeded(app, time);
        }
    }

    @Test
    @Needs({Capability.LISTEN, Capability.SQL})
    @Promise(
            of = WorkerOptions.class,
            says = "A worker that listens tests that: a notification to itself must arrive, or else a warning and"
                    + " its health report that notifications do not arrive",
            lookAt = "the settings with which the listening connection is made, forListening(): here they lead to"
                    + " another database, whose notifications are others")
    void tellsWhenNotificationsDoNotCome() {
        TestDatabase elsewhere = keep(TestDatabase.create());
        ConnectorSettings there = elsewhere.settings();
        App app = counting(settings().toBuilder()
                .listenUrl("postgresql://" + there.host() + ":" + there.port() + "/" + there.database())
                .build());
        Worker worker = start(app, options().build());
        Worker silent = start(app, options().listenNotify(false).build());
        deferNotes(app, 1);
        awaitSucceeded(app, 1);
        Patience.untilAsserted(
                "the worker to notice that it receives no notifications",
                () -> assertThat(worker.health().problems())
                        .extracting(WorkerHealth.Problem::activity)
                        .containsExactly("listening for notifications"));
        assertThat(worker.isHealthy()).isFalse();
        assertThat(silent.health().problems())
                .as("problems of a worker that does not listen")
                .isEmpty();
    }

    @Test
    @Promise(
            of = ConnectorSettings.class,
            says = "How many connections the connector's own pool opens at most, besides those that listen or are"
                    + " reserved; at least 1, default 10",
            lookAt = "calls that keep a connection while they wait for another one, and blocking calls in tasks")
    void jobsDeferJobsOverASingleConnection() {
        ConnectorSettings single =
                settings().toBuilder().poolSize(1 + takenByAWorker()).build();
        App app = app(single);
        app.task("child").run(args -> {});
        app.task("parent").body((context, args) -> {
            context.tasks().configure("child").defer(Map.of()); // blocks
            return app.configureTask("child").deferAsync(Map.of());
        });
        defer(app, Collections.nCopies(20, job("parent")), null);
        start(app, options().concurrency(10).build());
        awaitSucceeded(app, 60);
    }

    @Test
    @Promise(
            of = Worker.class,
            says = "A worker that is stopped fetches no more, lets running jobs end for as long as"
                    + " WorkerOptions.shutdownGracefulTimeout() says, then asks them to stop, gives back those that"
                    + " did not end, and only then stops its heartbeat and unregisters.",
            lookAt = "the lifecycle contract: closing while calls are under way")
    void endsItsJobsBeforeItStops() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        App app = app();
        app.task("long").run(args -> {
            running.countDown();
            goOn.await();
        });
        defer(app, job("long"), null);
        Worker worker = start(app, options().build());
        Patience.await("the job to run").until(() -> running.getCount() == 0);
        worker.stop();
        goOn.countDown();
        assertThat(worker.awaitEnd(Patience.bound()))
                .as("whether the worker has ended")
                .isTrue();
        awaitSucceeded(app, 1);
        if (knowsSql()) {
            assertThat(database().number("SELECT count(*) FROM procrastinate_workers"))
                    .as("workers that are still registered")
                    .isZero();
        }
        app.close();
        awaitNoConnections();
    }

    @Test
    @Promise(
            of = App.class,
            says = {
                "Stops the app's running workers, waits until they have ended, and closes everything that the"
                        + " connector opened itself.",
                "If called by code that a worker waits for, that of a job or of WorkerOptions.listeners(), on a"
                        + " thread of the worker, this does not wait: the connector is closed when the workers have"
                        + " ended.",
                "Closes the connector when the app's workers have ended, as close(), without waiting."
            },
            lookAt = "the lifecycle contract: closing while calls are under way")
    void jobsCloseTheirApp() throws Exception {
        for (String closer : List.of("in the code", "in a middleware", "in a stage", "in onJobEnded", "from outside")) {
            closesItsApp(closer);
        }
    }

    private void closesItsApp(String closer) throws Exception {
        App app = app();
        CountDownLatch running = new CountDownLatch(2);
        app.task("note").body((context, args) -> {
            running.countDown();
            running.await(); // both jobs close the app at the same time
            return switch (closer) {
                case "in the code" -> {
                    app.close();
                    yield null;
                }
                case "in a stage" -> app.closeAsync();
                default -> null;
            };
        });
        List<Long> ids = deferNotes(app, 2);
        Middleware closing = (context, call) -> {
            Object result = call.run();
            if (closer.equals("in a middleware")) {
                app.close();
            }
            return result;
        };
        Worker worker = app.worker(options()
                .middleware(closing)
                .onJobEnded(result -> {
                    if (closer.equals("in onJobEnded")) {
                        app.close();
                    }
                })
                .build());
        worker.start();
        Patience.await("the jobs to run").until(() -> running.getCount() == 0);
        if (closer.equals("from outside")) {
            app.close();
        }
        assertThat(worker.awaitEnd(Patience.bound()))
                .as("whether the worker has ended, its app closed " + closer)
                .isTrue();
        Patience.await("the connector to be closed").until(() -> !((AsyncConnector) app.connector()).isOpen());
        App after = app();
        assertThat(ids)
                .as("jobs whose app was closed " + closer)
                .allSatisfy(id -> assertThat(after.jobManager().status(id)).isEqualTo(JobStatus.SUCCEEDED));
        after.close();
        awaitNoConnections();
    }
}

package io.procrastinate.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.procrastinate.App;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.SyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.exception.NoResultException;
import io.procrastinate.exception.SchemaException;
import io.procrastinate.exception.SyncConnectorConfigurationException;
import io.procrastinate.job.CancelOption;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.NewJob;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.schema.SchemaManager;
import io.procrastinate.worker.WorkerOptions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Jobs are deferred, found, listed and cancelled through the connector. */
abstract class JobContract extends AppContract {

    JobContract(ConnectorTck tck, Calls calls) {
        super(tck, calls);
    }

    @Test
    @Promise(
            of = JobManager.class,
            says = "Defers a job without checking whether any program has its task",
            lookAt = "the types contract: a job is one row of every type")
    void defersAJobWithAllItsParts() {
        App app = app();
        Instant at = Instant.parse("2124-02-29T23:59:59.999999Z");
        String args = "{\"n\": 12345678901234567890.123456789, \"text\": \"" + Odd.UNICODE + "\", \"list\": [null, 1]}";
        long id = defer(
                app,
                NewJob.of("a:task")
                        .queue("mäil")
                        .priority(-7)
                        .lock("lock '1'")
                        .queueingLock("q\"lock\\")
                        .args(args)
                        .at(at),
                null);
        List<Job> jobs = app.jobManager().list(JobFilter.ALL);
        String stored = jobs.get(0).args();
        assertThat(jobs)
                .usingRecursiveFieldByFieldElementComparatorIgnoringFields(
                        "args", "values.args", "deferredAt", "values.deferredAt")
                .containsExactly(Job.builder(id, "a:task")
                        .status(JobStatus.TODO)
                        .queue("mäil")
                        .priority(-7)
                        .lock("lock '1'")
                        .queueingLock("q\"lock\\")
                        .args(stored)
                        .scheduledAt(at)
                        .build());
        assertThat(stored).contains("12345678901234567890.123456789").contains(Odd.UNICODE);
        assertThat(app.jobManager().status(id)).isEqualTo(JobStatus.TODO);
    }

    @Test
    @Promise(
            of = NewJob.class,
            says = "its values can be stored",
            lookAt = "long texts as parameters of the type json, and as columns")
    void storesArgumentsUpToTheirLimits() {
        App app = app();
        List<String> atTheLimit = List.of(
                "{\"n\": " + "9".repeat(131_072) + "." + "9".repeat(16_383) + "}",
                "{\"n\": [1e131071, -1e-16383, 1e2, 1.10, 0e5, -0.0]}",
                "{\"" + "n".repeat(60_000) + "\": \"" + Odd.UNICODE.repeat(10_000) + "\"}",
                "{\"a\": " + "[".repeat(499) + "]".repeat(499) + "}",
                "{\"a\": 1, \"a\": 2, \"b\": \"\\ud83d\\ude00 \\u0001\"}");
        List<Long> ids = new ArrayList<>();
        for (String args : atTheLimit) {
            ids.add(defer(app, job("alone").args(args), null));
        }
        ids.addAll(defer(
                app, atTheLimit.stream().map(args -> job("together").args(args)).toList(), null));
        List<Job> jobs = app.jobManager().list(JobFilter.ALL);
        assertThat(jobs).extracting(Job::id).containsExactlyElementsOf(ids);
        for (int index = 0; index < jobs.size(); index++) {
            String args = atTheLimit.get(index % atTheLimit.size());
            assertThat(plain(jobs.get(index).args()).equals(plain(args)))
                    .as("arguments that begin with " + args.substring(0, 10) + " come back")
                    .isTrue();
        }
    }

    /** Compares numbers by value: the database stores no exponents. */
    private static Object plain(String json) {
        JsonCodec codec = JsonCodec.standard();
        return Objects.requireNonNull(
                codec.convert(Objects.requireNonNull(codec.read(json, Object.class)), Object.class));
    }

    @Test
    @Promise(
            of = JobManager.class,
            says = {"Defers jobs, up to 1,000 in one statement.", "the ids in the order of the jobs"},
            lookAt = "long arrays and long texts as parameters, and the order of rows")
    void defersManyJobsInOrder() {
        App app = app();
        List<NewJob> jobs = IntStream.range(0, 2500)
                .mapToObj(number -> job("task " + number).args("{\"n\": " + number + "}"))
                .toList();
        List<Long> ids = defer(app, jobs, null);
        assertThat(ids).hasSize(2500).isSorted().doesNotHaveDuplicates();
        assertThat(app.jobManager().list(JobFilter.ALL))
                .extracting(Job::taskName)
                .isEqualTo(jobs.stream().map(NewJob::taskName).toList());
    }

    @Test
    @Promise(
            of = {JobManager.class, AlreadyEnqueuedException.class},
            says = {
                "if a waiting job has its queueing lock",
                "A job was not deferred because another one is waiting with the same queueing lock. Nothing was"
                        + " inserted."
            },
            lookAt = "the errors contract: unique violations and their constraint's name")
    void refusesASecondJobOfOneQueueingLock() {
        App app = app();
        long first = defer(app, job("task").queueingLock("only one"), null);
        assertThatExceptionOfType(AlreadyEnqueuedException.class)
                .isThrownBy(() -> defer(app, job("task").queueingLock("only one"), null))
                .satisfies(refusal -> assertThat(refusal.queueingLock()).isEqualTo("only one"));
        assertThat(app.jobManager().list(JobFilter.ALL)).extracting(Job::id).containsExactly(first);
    }

    @Test
    @Promise(
            of = JobManager.class,
            says = "Up to that number either all are inserted or none; of a longer list, the chunks of 1,000 before a"
                    + " failure stay.",
            lookAt = "a statement that is sent in parts")
    void defersAllOfABatchOrNone() {
        App app = app();
        List<NewJob> jobs = List.of(
                job("one"), job("two").queueingLock("twice"), job("three").queueingLock("twice"));
        assertThatExceptionOfType(AlreadyEnqueuedException.class).isThrownBy(() -> defer(app, jobs, null));
        assertThat(app.jobManager().list(JobFilter.ALL)).isEmpty();
    }

    @Test
    @Needs(Capability.CALLER_CONNECTION)
    @Promise(
            of = JobManager.class,
            says = {
                "Returns this job manager on a connection of the caller: everything that it writes belongs to the"
                        + " caller's transaction, and it reads what that transaction sees.",
                "if a waiting job has its queueing lock",
                "On a connection of the caller, they are inserted when the caller's transaction commits, which can"
                        + " continue if a batch is refused."
            },
            lookAt = "the transactions contract")
    void defersInTheCallersTransaction() {
        App app = app();
        CallerConnection caller = callerConnection();
        defer(app, job("rolled back"), caller.connection());
        assertThat(app.jobManager().list(JobFilter.ALL))
                .as("jobs that others see")
                .isEmpty();
        caller.rollback();
        long kept = defer(app, job("kept").queueingLock("one"), caller.connection());
        assertThatExceptionOfType(AlreadyEnqueuedException.class)
                .isThrownBy(() -> defer(app, job("task").queueingLock("one"), caller.connection()));
        List<NewJob> refused =
                List.of(job("free").queueingLock("free"), job("taken").queueingLock("one"));
        assertThatExceptionOfType(AlreadyEnqueuedException.class)
                .isThrownBy(() -> defer(app, refused, caller.connection()));
        List<Long> batch = defer(app, List.of(job("a"), job("b")), caller.connection());
        assertThat(app.jobManager().on(caller.connection()).status(kept)).isEqualTo(JobStatus.TODO);
        assertThat(catchThrowable(() -> app.jobManager().status(kept))).isInstanceOf(NoResultException.class);
        caller.commit();
        assertThat(app.jobManager().list(JobFilter.ALL))
                .extracting(Job::id)
                .containsExactly(kept, batch.get(0), batch.get(1));
        app.jobManager().finish(kept, JobStatus.FAILED);
        retry(app, kept, caller.connection());
        assertThat(app.jobManager().on(caller.connection()).list(JobFilter.ALL.status(JobStatus.TODO)))
                .as("jobs that the transaction sees waiting")
                .hasSize(3);
        assertThat(app.jobManager().status(kept)).isEqualTo(JobStatus.FAILED);
        caller.rollback();
        assertThat(app.jobManager().status(kept)).isEqualTo(JobStatus.FAILED);
    }

    @Test
    @Promise(
            of = {JobManager.class, CancelOption.class},
            says = {
                "Cancels a waiting job and, with CancelOption.ABORT, asks a running one to abort.",
                "whether anything was done: false if the job has ended, is running without CancelOption.ABORT, or"
                        + " does not exist",
                "Deletes a waiting job's row instead of keeping it as cancelled; never deletes a running job."
            },
            lookAt = "booleans and nulls in the answers of functions")
    void cancelsJobs() {
        App app = app();
        long kept = defer(app, job("kept"), null);
        long deleted = defer(app, job("deleted"), null);
        assertThat(app.jobManager().cancel(kept)).isTrue();
        assertThat(app.jobManager().cancel(kept)).as("a second time").isFalse();
        assertThat(app.jobManager().cancel(deleted, CancelOption.DELETE)).isTrue();
        assertThat(app.jobManager().cancel(deleted + 1000)).isFalse();
        assertThat(app.jobManager().status(kept)).isEqualTo(JobStatus.CANCELLED);
        assertThatExceptionOfType(NoResultException.class)
                .isThrownBy(() -> app.jobManager().status(deleted));
    }

    @Test
    @Promise(
            of = JobManager.class,
            says = {
                "Lists jobs in the order of their ids.",
                "Counts the jobs of each queue that match the filter's queue, task, status and lock."
            },
            lookAt = "null parameters of filters: they must carry their type")
    void listsAndCountsJobs() {
        App app = app();
        for (int number = 0; number < 6; number++) {
            defer(app, job("task " + number % 2).queue("queue " + number % 3).lock("lock"), null);
        }
        assertThat(app.jobManager().list(JobFilter.ALL.queue("queue 1").taskName("task 1")))
                .hasSize(1);
        assertThat(app.jobManager().list(JobFilter.ALL.page(0, 4))).hasSize(4);
        assertThat(app.jobManager().queues(JobFilter.ALL))
                .hasSize(3)
                .allSatisfy(counts -> assertThat(counts.of(JobStatus.TODO)).isEqualTo(2));
        assertThat(app.jobManager().locks(JobFilter.ALL).get(0).total()).isEqualTo(6);
    }

    @Test
    @Promise(
            of = {SyncConnector.class, SyncConnectorConfigurationException.class},
            says = {
                "Given directly to an app, it only defers and administers; wrapped by ThreadedConnector.over, it"
                        + " does everything.",
                "An operation needs an asynchronous connector, but the app was given a synchronous one, which only"
                        + " defers."
            },
            lookAt = "which of the two interfaces the connector implements")
    void aSynchronousConnectorOnlyDefers() {
        App app = app();
        assertThat(defer(app(), job("task"), null)).isPositive();
        if (!(app.connector() instanceof SyncConnector)) {
            assertThat(Stages.join(app.jobManager().deferAsync(job("task")), Patience.bound()))
                    .isPositive();
            return;
        }
        assertThatExceptionOfType(SyncConnectorConfigurationException.class)
                .isThrownBy(() -> Stages.join(app.jobManager().deferAsync(job("task")), Patience.bound()))
                .withMessageContaining(connectorName());
        assertThatExceptionOfType(SyncConnectorConfigurationException.class)
                .isThrownBy(() -> app.worker(WorkerOptions.defaults()))
                .withMessageContaining(connectorName());
    }

    @Test
    @Needs(Capability.SQL)
    @Promise(
            of = SchemaManager.class,
            says = {
                "Creates the schema, optimized, in one transaction: all of it or nothing.",
                "if the database already has one"
            },
            lookAt = "the scripts contract")
    void makesTheSchema() {
        App app = app();
        assertThatExceptionOfType(SchemaException.class)
                .isThrownBy(() -> app.schemaManager().apply());
        database().run("DROP SCHEMA public CASCADE");
        database().run("CREATE SCHEMA public");
        assertThat(catchThrowable(() -> defer(app, job("task"), null)))
                .as("deferring without the schema")
                .isInstanceOf(SchemaException.class);
        app.schemaManager().apply();
        app.schemaManager().requireSupported();
        assertThat(defer(app, job("task"), null)).isPositive();
    }
}

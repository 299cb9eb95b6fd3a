package io.procrastinate.job;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.procrastinate.App;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.NoResultException;
import io.procrastinate.fixture.AppDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class JobManagerTest {

    private AppDatabase database;
    private App app;
    private JobManager jobs;

    @BeforeEach
    void open() throws SQLException {
        database = AppDatabase.withSchema();
        app = App.create(database.settings());
        Stages.join(app.openAsync());
        jobs = app.jobManager();
    }

    @AfterEach
    void close() throws SQLException {
        app.close();
        database.close();
    }

    @ParameterizedTest
    @EnumSource(value = JobStatus.class, mode = EnumSource.Mode.EXCLUDE, names = "UNKNOWN")
    void tellsTheStatus(JobStatus status) throws SQLException {
        long id = defer("q");
        set(id, status);

        assertThat(jobs.status(id)).isEqualTo(status);
        assertThat(Stages.join(jobs.statusAsync(id))).isEqualTo(status);
    }

    @Test
    void tellsThatThereIsNoSuchJob() {
        assertThatThrownBy(() -> jobs.status(77))
                .isInstanceOf(NoResultException.class)
                .hasMessageContaining("No job has the id 77");
        assertThatThrownBy(() -> Stages.join(jobs.statusAsync(77))).isInstanceOf(NoResultException.class);
    }

    @Test
    void cancelsAWaitingJob() {
        long id = defer("q");

        assertThat(jobs.cancel(id)).isTrue();
        assertThat(jobs.status(id)).isEqualTo(JobStatus.CANCELLED);
        assertThat(jobs.cancel(id)).isFalse();
        assertThat(jobs.cancel(id, CancelOption.ABORT)).isFalse();
    }

    @Test
    void deletesAWaitingJobWhenItIsCancelledSo() throws SQLException {
        long id = defer("q");

        assertThat(Stages.join(jobs.cancelAsync(id, CancelOption.DELETE))).isTrue();
        assertThat(database.jobs()).isZero();
        assertThat(jobs.cancel(id, CancelOption.DELETE)).isFalse();
    }

    @Test
    void asksARunningJobToAbortOnlyWhenToldSo() throws SQLException {
        long id = defer("q");
        set(id, JobStatus.DOING);

        assertThat(jobs.cancel(id)).isFalse();
        assertThat(jobs.cancel(id, CancelOption.DELETE)).isFalse();
        assertThat(jobs.list(JobFilter.ALL.id(id)))
                .extracting(Job::abortRequested)
                .containsExactly(false);
        assertThat(jobs.cancel(id, CancelOption.ABORT, CancelOption.DELETE)).isTrue();
        assertThat(jobs.list(JobFilter.ALL.id(id))).singleElement().satisfies(job -> {
            assertThat(job.abortRequested()).isTrue();
            assertThat(job.status()).isEqualTo(JobStatus.DOING);
        });
    }

    @Test
    void cancelsInTheCallersTransaction() throws SQLException {
        long id = defer("q");
        try (Connection connection = database.transaction()) {
            assertThat(jobs.on(connection).cancel(id)).isTrue();
            assertThat(jobs.on(connection).status(id)).isEqualTo(JobStatus.CANCELLED);
            assertThat(Stages.join(jobs.on(connection).statusAsync(id))).isEqualTo(JobStatus.CANCELLED);
            assertThat(jobs.on(connection).events(id))
                    .extracting(JobEvent::type)
                    .containsExactly(JobEventType.DEFERRED, JobEventType.CANCELLED);
            assertThat(jobs.events(id)).extracting(JobEvent::type).containsExactly(JobEventType.DEFERRED);
            assertThat(jobs.status(id)).isEqualTo(JobStatus.TODO);
            connection.rollback();
            assertThat(jobs.status(id)).isEqualTo(JobStatus.TODO);

            assertThat(Stages.join(jobs.on(connection).cancelAsync(id, CancelOption.DELETE)))
                    .isTrue();
            connection.commit();
        }
        assertThat(database.jobs()).isZero();
    }

    @ParameterizedTest
    @EnumSource(
            value = JobStatus.class,
            names = {"FAILED", "DOING"})
    void retriesAJob(JobStatus status) throws SQLException {
        long id = defer("q");
        set(id, status);
        Instant at = Instant.parse("2050-01-01T00:00:00Z");

        jobs.retry(id, RetryDecision.at(at).priority(9).queue("other").lock("l"));

        assertThat(jobs.list(JobFilter.ALL)).singleElement().satisfies(job -> {
            assertThat(job.status()).isEqualTo(JobStatus.TODO);
            assertThat(job.attempts()).isEqualTo(1);
            assertThat(job.scheduledAt()).isEqualTo(at);
            assertThat(job.priority()).isEqualTo(9);
            assertThat(job.queue()).isEqualTo("other");
            assertThat(job.lock()).isEqualTo("l");
        });
        set(id, status);
        Stages.join(jobs.retryAsync(id, RetryDecision.now()));
        assertThat(jobs.list(JobFilter.ALL)).singleElement().satisfies(job -> {
            assertThat(job.attempts()).isEqualTo(2);
            assertThat(job.scheduledAt()).isNull();
            assertThat(job.queue()).isEqualTo("other");
            assertThat(job.lock()).isEqualTo("l");
        });
    }

    @Test
    void retriesAJobAfterADelayOfTheDatabasesClock() throws SQLException {
        long id = defer("q");
        for (Duration delay : List.of(Duration.ofHours(3), ChronoUnit.FOREVER.getDuration())) {
            set(id, JobStatus.FAILED);

            try (Connection connection = database.transaction()) {
                jobs.on(connection).retry(id, RetryDecision.in(delay));
                connection.commit();
            }

            assertThat(requireNonNull(jobs.list(JobFilter.ALL).get(0).scheduledAt()))
                    .isBetween(
                            Instant.now().plus(2, ChronoUnit.HOURS),
                            delay.toHours() == 3
                                    ? Instant.now().plus(4, ChronoUnit.HOURS)
                                    : Instant.parse("9999-12-31T23:59:59Z"));
        }
        set(id, JobStatus.FAILED);
        Stages.join(jobs.retryAsync(id, RetryDecision.in(Duration.ofMinutes(-1))));
        assertThat(app.drain()).as("due by the database's clock").hasSize(1);
    }

    @Test
    void doesEverythingInTheCallersTransaction() throws SQLException {
        long failed = defer("q");
        set(failed, JobStatus.FAILED);
        long running = defer("q");
        set(running, JobStatus.DOING);
        long waiting = defer("q");
        try (Connection connection = database.transaction()) {
            JobManager mine = jobs.on(connection);

            mine.retry(failed, RetryDecision.now());
            mine.finish(running, JobStatus.SUCCEEDED);
            assertThat(mine.delete(waiting)).isTrue();
            assertThat(mine.deleteOld(OldJobs.ended(Duration.ofDays(1)), () -> true))
                    .isZero();
            assertThat(mine.deferAll(List.of(NewJob.of("t"), NewJob.of("u")).iterator(), progress -> {}))
                    .isEqualTo(2);

            assertThat(mine.list(JobFilter.ALL)).hasSize(4);
            assertThat(mine.tasks(JobFilter.ALL.status(JobStatus.TODO)))
                    .extracting(JobCounts::total)
                    .containsExactly(2L, 1L);
            assertThat(mine.queues(JobFilter.ALL)).hasSize(2);
            assertThat(mine.locks(JobFilter.ALL)).isEmpty();
            assertThat(jobs.list(JobFilter.ALL))
                    .as("seen by the others")
                    .extracting(Job::status)
                    .containsExactly(JobStatus.FAILED, JobStatus.DOING, JobStatus.TODO);
            connection.rollback();
        }
        assertThat(jobs.list(JobFilter.ALL))
                .extracting(Job::status)
                .containsExactly(JobStatus.FAILED, JobStatus.DOING, JobStatus.TODO);
    }

    @Test
    void retriesAJobThatFailedAfterItsAbortWasRequested() throws SQLException {
        long id = defer("q");
        set(id, JobStatus.DOING);
        jobs.cancel(id, CancelOption.ABORT);
        set(id, JobStatus.FAILED);

        jobs.retry(id, RetryDecision.now());

        assertThat(jobs.list(JobFilter.ALL))
                .extracting(Job::status, Job::abortRequested)
                .containsExactly(tuple(JobStatus.TODO, false));
    }

    @Test
    void listsStalledJobs() throws SQLException {
        for (String age : List.of("1 minute", "1 second")) {
            database.run(
                    "WITH w AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '" + age
                            + "') RETURNING id) UPDATE procrastinate_jobs SET status = 'doing', worker_id = w.id FROM w"
                            + " WHERE procrastinate_jobs.id = " + defer("q"));
        }
        long ofADeletedWorker = defer("other");
        set(ofADeletedWorker, JobStatus.DOING);
        defer("q");

        JobFilter stalled = JobFilter.ALL.stalledFor(Duration.ofSeconds(30));

        assertThat(ids(stalled)).containsExactly(1L, ofADeletedWorker);
        assertThat(ids(stalled.queue("q"))).containsExactly(1L);
    }

    @Test
    void refusesToRetryAJobThatIsNotThereOrNeitherFailedNorRunning() {
        long id = defer("q");

        assertThatThrownBy(() -> jobs.retry(id, RetryDecision.now()))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("Job was not found or has an invalid status to retry (job id: " + id + ")");
        assertThatThrownBy(() -> Stages.join(jobs.retryAsync(77, RetryDecision.now())))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("job id: 77");
        assertThat(jobs.status(id)).isEqualTo(JobStatus.TODO);
    }

    @Test
    void endsAStuckJobAndNoOther() throws SQLException {
        long id = defer("q");
        set(id, JobStatus.DOING);

        jobs.finish(id, JobStatus.SUCCEEDED);

        assertThat(jobs.status(id)).isEqualTo(JobStatus.SUCCEEDED);
        assertThatThrownBy(() -> Stages.join(jobs.finishAsync(id, JobStatus.FAILED)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("Job was not found or not in \"doing\" or \"todo\" status (job id: " + id + ")");
        assertThatThrownBy(() -> jobs.finish(id, JobStatus.TODO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not as todo");
    }

    @Test
    void deletesAJobThatIsNotRunning() throws SQLException {
        long waiting = defer("q");
        long running = defer("q");
        set(running, JobStatus.DOING);

        assertThat(jobs.delete(waiting)).isTrue();
        assertThat(jobs.delete(waiting)).isFalse();
        assertThat(Stages.join(jobs.deleteAsync(running))).isFalse();
        set(running, JobStatus.FAILED);
        assertThat(Stages.join(jobs.deleteAsync(running))).isTrue();
        assertThat(database.jobs()).isZero();
    }

    @Test
    void listsByEveryFilter() throws SQLException {
        long a = app.externalTask("t").queue("a").lock("l").queueingLock("ql").defer(Map.of("n", 1));
        long b = app.externalTask("u").queue("a").defer(Map.of());
        long c = app.externalTask("u").queue("b").priority(3).defer(Map.of());
        database.run("WITH w AS (INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id)"
                + " UPDATE procrastinate_jobs SET status = 'doing', worker_id = w.id FROM w"
                + " WHERE procrastinate_jobs.id = " + c);
        long worker = database.number("SELECT id FROM procrastinate_workers");

        assertThat(ids(JobFilter.ALL)).containsExactly(a, b, c);
        assertThat(ids(JobFilter.ALL.id(b))).containsExactly(b);
        assertThat(ids(JobFilter.ALL.queue("a"))).containsExactly(a, b);
        assertThat(ids(JobFilter.ALL.taskName("u"))).containsExactly(b, c);
        assertThat(ids(JobFilter.ALL.status(JobStatus.DOING))).containsExactly(c);
        assertThat(ids(JobFilter.ALL.lock("l"))).containsExactly(a);
        assertThat(ids(JobFilter.ALL.queueingLock("ql"))).containsExactly(a);
        assertThat(ids(JobFilter.ALL.workerId(worker))).containsExactly(c);
        assertThat(ids(JobFilter.ALL.queue("a").taskName("u"))).containsExactly(b);
        assertThat(ids(JobFilter.ALL.queue("none"))).isEmpty();
        assertThat(ids(JobFilter.ALL.page(0, 2))).containsExactly(a, b);
        assertThat(ids(JobFilter.ALL.page(b, 2))).containsExactly(c);
        assertThat(jobs.list(JobFilter.ALL.id(a)))
                .usingRecursiveFieldByFieldElementComparatorIgnoringFields("deferredAt", "values.deferredAt")
                .containsExactly(Job.builder(a, "t")
                        .status(JobStatus.TODO)
                        .queue("a")
                        .lock("l")
                        .queueingLock("ql")
                        .args("{\"n\": 1}")
                        .build());
        assertThat(Stages.join(jobs.listAsync(JobFilter.ALL.id(c))))
                .extracting(Job::workerId)
                .containsExactly(worker);
    }

    @Test
    void readsASchedulePythonWroteThatJavaCouldNot() throws SQLException {
        long id = defer("q");
        database.run("UPDATE procrastinate_jobs SET scheduled_at = 'infinity'");

        assertThat(jobs.list(JobFilter.ALL.id(id))).extracting(Job::scheduledAt).containsOnlyNulls();
    }

    @Test
    void countsByQueueTaskAndLock() throws SQLException {
        app.externalTask("t").queue("a").lock("l").defer(Map.of());
        long failed = app.externalTask("t").queue("a").lock("l").defer(Map.of());
        app.externalTask("u").queue("b").defer(Map.of());
        set(failed, JobStatus.FAILED);
        Map<JobStatus, Long> oneEach = Map.of(JobStatus.TODO, 1L, JobStatus.FAILED, 1L);
        Map<JobStatus, Long> one = Map.of(JobStatus.TODO, 1L);

        assertThat(jobs.queues(JobFilter.ALL)).containsExactly(new JobCounts("a", oneEach), new JobCounts("b", one));
        assertThat(Stages.join(jobs.queuesAsync(JobFilter.ALL.queue("b")))).containsExactly(new JobCounts("b", one));
        assertThat(jobs.tasks(JobFilter.ALL)).containsExactly(new JobCounts("t", oneEach), new JobCounts("u", one));
        assertThat(Stages.join(jobs.tasksAsync(JobFilter.ALL.status(JobStatus.TODO))))
                .containsExactly(new JobCounts("t", one), new JobCounts("u", one));
        assertThat(jobs.locks(JobFilter.ALL)).containsExactly(new JobCounts("l", oneEach));
        assertThat(Stages.join(jobs.locksAsync(JobFilter.ALL.lock("none")))).isEmpty();
    }

    private List<Long> ids(JobFilter filter) {
        return jobs.list(filter).stream().map(Job::id).toList();
    }

    private long defer(String queue) {
        return app.externalTask("t").queue(queue).defer(Map.of());
    }

    private void set(long id, JobStatus status) throws SQLException {
        database.run("UPDATE procrastinate_jobs SET status = '" + status.text() + "' WHERE id = " + id);
    }
}

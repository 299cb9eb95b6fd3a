package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.exception.ConnectorException;
import io.procrastinate.fixture.Site;
import io.procrastinate.job.CancelOption;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.NewJob;
import io.procrastinate.job.OldJobs;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Jobs that no worker can run, and code that throws anything: nothing stops a worker. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@SuppressWarnings("FutureReturnValueIgnored") // the worker handles what tasks return
class PoisonTest extends SiteTest {

    @Test
    void failsWhatItDoesNotKnow() {
        site.app.task("known", Numbered.class).retry(3).run(args -> {});
        long unknown = defer("unknown");
        NewJob job = site.app.configureTask("known").job(Map.of("n", 1)).args("{\"n\": \"no number\"}");
        long misfit = site.app.jobManager().defer(job);

        site.drain(site.options());

        assertThat(site.status(unknown)).isEqualTo("failed");
        assertThat(site.attempts(unknown)).isEqualTo(1);
        assertThat(site.events(unknown)).containsExactly("deferred", "started", "failed");
        assertThat(site.status(misfit)).isEqualTo("failed");
        assertThat(site.attempts(misfit)).isEqualTo(1);
        assertThat(site.events(misfit)).containsExactly("deferred", "started", "failed");
    }

    @Test
    void isNotStoppedByPoison() {
        site.app.task("noop").run(args -> {});
        site.app.task("number", Numbered.class).run(args -> {});
        String insert = "INSERT INTO procrastinate_jobs (queue_name, task_name";
        site.sql(insert + ", args) VALUES ('q', 'number', '[1]'), ('q', 'number', '1'), ('q', 'number', 'null'),"
                + " ('q', 'noop', '[1]'), ('q', 'noop', '\"text\"'),"
                + " ('q', 'noop', '{\"n\": 1e400, \"m\": 123456789012345678901234567890.5}')");
        site.sql(insert + ", scheduled_at) VALUES ('q', 'noop', '-infinity'), ('q', 'noop', 'infinity'),"
                + " ('q', 'noop', '4713-01-01 BC'), ('q', 'noop', '294276-01-01')");
        site.sql(insert + ", priority) VALUES ('', ?, 2147483647), ('q', '', -2147483648)", "t".repeat(128));
        site.sql(insert + ", lock, queueing_lock) VALUES ('q', 'noop', '', '')");
        site.sql(insert + ", attempts) VALUES ('q', 'noop', 2147483646)");

        Worker worker = site.start(site.options().concurrency(3));

        Site.until(() -> site.count("doing") == 0 && site.count("todo") == 2, "everything but the future has ended");
        long good = defer("noop");
        site.awaitStatus(good, "succeeded");
        assertThat(worker.awaitEnd(Duration.ZERO)).isFalse();
        assertThat(site.sql("SELECT status FROM procrastinate_jobs WHERE scheduled_at < now()"))
                .containsOnly("succeeded");
        assertThat(site.sql("SELECT status FROM procrastinate_jobs WHERE task_name = 'number' OR jsonb_typeof(args) <>"
                        + " 'object' OR length(task_name) IN (0, 128)"))
                .hasSize(7)
                .containsOnly("failed");
        assertThat(site.results)
                .filteredOn(result -> result.job().taskName().equals("number"))
                .hasSize(3)
                .allSatisfy(result -> assertThat(result.failure())
                        .hasMessageContaining("The arguments")
                        .hasMessageContaining("number"));
        assertThat(site.results)
                .filteredOn(result -> result.job().taskName().length() == 128)
                .singleElement()
                .satisfies(result -> assertThat(result.failure()).hasMessageContaining("No task named ttt"));
    }

    @Test
    void leavesAloneWhatOtherReleasesMean() {
        site.app.task("noop").run(args -> {});
        site.sql("ALTER TYPE procrastinate_job_status ADD VALUE 'paused'");
        site.sql("ALTER TYPE procrastinate_job_event_type ADD VALUE 'paused'");
        site.sql("INSERT INTO procrastinate_jobs (queue_name, task_name, status, lock, queueing_lock) VALUES"
                + " ('q', 'noop', 'paused', 'L', 'Q'), ('q', 'noop', 'aborting', 'L', 'Q')");
        site.sql("INSERT INTO procrastinate_events (job_id, type, at) SELECT id, 'paused', now() - interval '1 day'"
                + " FROM procrastinate_jobs");
        long good = site.app
                .configureTask("noop")
                .queue("q")
                .lock("L")
                .queueingLock("Q")
                .defer(Map.of());

        Worker worker = site.start(site.options().concurrency(2));

        site.awaitStatus(good, "succeeded");
        assertThat(worker.isHealthy()).isTrue();
        JobManager jobs = site.app.jobManager();
        assertThat(jobs.list(JobFilter.ALL))
                .extracting(Job::status)
                .containsExactly(JobStatus.UNKNOWN, JobStatus.ABORTING, JobStatus.SUCCEEDED);
        assertThat(jobs.queues(JobFilter.ALL))
                .singleElement()
                .satisfies(queue -> assertThat(queue.total()).isEqualTo(3));
        for (long id = 1; id <= 2; id++) {
            long other = id;
            assertThat(jobs.cancel(id, CancelOption.ABORT, CancelOption.DELETE)).isFalse();
            assertThatThrownBy(() -> jobs.retry(other, RetryDecision.now())).isInstanceOf(ConnectorException.class);
        }
        assertThat(jobs.deleteOld(OldJobs.ended(Duration.ofHours(1)), () -> true))
                .isZero();
        assertThat(site.sql("SELECT status FROM procrastinate_jobs ORDER BY id"))
                .containsExactly("paused", "aborting", "succeeded");
    }

    @Test
    void failsArgumentsThatNoParserTakes() {
        site.app.task("noop").run(args -> {});
        site.app.task("number", Numbered.class).run(args -> {});
        site.sql("INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES"
                + " ('q', 'noop', ('{\"a\": ' || repeat('[', 3000) || repeat(']', 3000) || '}')::jsonb),"
                + " ('q', 'number', ('{\"n\": 1' || repeat('0', 5000) || '}')::jsonb),"
                + " ('q', 'number', '{\"n\": 1e30000}'),"
                + " ('q', 'number', ('{\"n\": 1, \"' || repeat('x', 100000) || '\": 2}')::jsonb)");

        site.drain(site.options().concurrency(2));

        assertThat(site.results).hasSize(4).allSatisfy(result -> {
            assertThat(result.outcome()).isEqualTo(Outcome.FAILED);
            assertThat(result.failure()).hasMessageContaining("The arguments");
        });
        assertThat(site.count("failed")).isEqualTo(4);
    }

    @Test
    void countsNoFurtherThanTheColumnCan() {
        site.app.task("noop").run(args -> {});
        AtomicInteger runs = new AtomicInteger();
        site.app
                .task("flaky")
                .retry((failure, job) -> runs.get() < 2 ? RetryDecision.now() : null)
                .run(args -> {
                    runs.incrementAndGet();
                    throw new IllegalStateException("always");
                });
        site.sql("INSERT INTO procrastinate_jobs (queue_name, task_name, attempts) VALUES ('q', 'noop', 2147483647),"
                + " ('q', 'flaky', 2147483647)");
        site.sql("INSERT INTO procrastinate_jobs (queue_name, task_name, attempts, status) VALUES"
                + " ('q', 'noop', 2147483647, 'doing'), ('q', 'noop', 1, 'doing')");

        site.start(
                site.options().heartbeatInterval(Duration.ofMillis(100)).stalledWorkerTimeout(Duration.ofSeconds(1)));

        Site.until(() -> site.count("doing") + site.count("todo") == 0, "every job has ended");
        assertThat(site.sql("SELECT status || ' ' || attempts FROM procrastinate_jobs ORDER BY id"))
                .containsExactly("succeeded 2147483647", "failed 2147483647", "failed 2147483647", "failed 2");
    }

    @Test
    void defersTheOtherPeriodicTasksWhereOneIsRefused() {
        refuse("INSERT", "NEW.task_name = 'poison'");
        site.app.task("poison").periodic("* * * * * *").run(args -> {});
        site.app.task("tick").periodic("* * * * * *").run(args -> {});

        Worker worker = site.start(site.options());

        Site.until(() -> site.count("succeeded") >= 3, "the other task is deferred");
        Site.until(
                () -> worker.health().problems().stream()
                        .anyMatch(problem -> problem.activity().equals("deferring periodic tasks")
                                && problem.reason().contains("poison")),
                "the worker tells what it cannot defer");
        site.sql("DROP TRIGGER refuse ON procrastinate_jobs");
        Site.until(
                () -> !site.sql("SELECT id FROM procrastinate_jobs WHERE task_name = 'poison'")
                        .isEmpty(),
                "the task is deferred when it is no longer refused");
        Site.until(worker::isHealthy, "the worker is healthy again");
    }

    @Test
    void rescuesTheOthersWhereOneIsRefused() {
        refuse("UPDATE", "NEW.id = 1");
        site.sql("INSERT INTO procrastinate_workers (last_heartbeat) SELECT now() - interval '1 hour'"
                + " FROM generate_series(1, 2)");
        site.sql("INSERT INTO procrastinate_jobs (queue_name, task_name, status, worker_id)"
                + " SELECT 'q', 'noop', 'doing', 1 FROM generate_series(1, 150)");

        site.start(
                site.options().heartbeatInterval(Duration.ofMillis(100)).stalledWorkerTimeout(Duration.ofSeconds(1)));

        Site.until(() -> site.count("failed") == 149, "every job but the refused one is rescued");
        Site.until(
                () -> site.number("SELECT count(*) FROM procrastinate_workers WHERE id = 2") == 0, "dead workers go");
        assertThat(site.status(1)).isEqualTo("doing");
        site.sql("DROP TRIGGER refuse ON procrastinate_jobs");
        site.awaitStatus(1, "failed");
    }

    @Test
    void survivesAnythingThatCodeThrows() {
        site.app.task("error").run(args -> {
            throw new StackOverflowError();
        });
        site.app.task("circle").run(args -> {
            RuntimeException one = new RuntimeException("one");
            one.initCause(new RuntimeException("two", one));
            throw one;
        });
        site.app.task("interrupted").run(args -> Thread.currentThread().interrupt());
        site.app
                .task("strategy")
                .retry((failure, job) -> {
                    throw new LinkageError("no class");
                })
                .run(args -> {
                    throw new IllegalStateException("fails");
                });
        site.app.task("noFuture").call(args -> new NoFuture());
        site.app.task("failedStage").call(args -> CompletableFuture.failedFuture(new IllegalStateException("fails")));
        site.app.task("unprintable").call(args -> new Object() {
            @Override
            public String toString() {
                throw new IllegalStateException("unprintable");
            }
        });
        List<Long> failing =
                List.of(defer("error"), defer("circle"), defer("strategy"), defer("noFuture"), defer("failedStage"));
        List<Long> succeeding = List.of(defer("interrupted"), defer("unprintable"));

        site.drain(site.options().concurrency(2));

        assertThat(failing).allSatisfy(id -> assertThat(site.status(id)).isEqualTo("failed"));
        assertThat(succeeding).allSatisfy(id -> assertThat(site.status(id)).isEqualTo("succeeded"));
    }

    @Test
    void survivesAListenerThatFails() {
        site.app.task("noop").run(args -> {});
        site.defer("noop", 50);

        site.drain(site.options().concurrency(5).onJobEnded(result -> {
            throw new AssertionError("a listener that fails");
        }));

        assertThat(site.results)
                .hasSize(50)
                .allSatisfy(result -> assertThat(result.outcome()).isEqualTo(Outcome.SUCCEEDED));
    }

    private void refuse(String event, String which) {
        site.database.runScript("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                + " 'BEGIN RAISE EXCEPTION ''refused''; END';"
                + " CREATE TRIGGER refuse BEFORE " + event + " ON procrastinate_jobs FOR EACH ROW WHEN (" + which
                + ") EXECUTE FUNCTION refuse()");
    }

    /** A stage that cannot be converted to a future. */
    private static final class NoFuture extends CompletableFuture<String> {
        @Override
        public CompletableFuture<String> toCompletableFuture() {
            throw new UnsupportedOperationException("no future");
        }
    }
}

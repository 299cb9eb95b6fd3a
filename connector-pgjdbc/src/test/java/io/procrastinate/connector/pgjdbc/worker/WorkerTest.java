package io.procrastinate.connector.pgjdbc.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.job.CancelOption;
import io.procrastinate.retry.RetryDecision;
import io.procrastinate.retry.RetryStrategy;
import io.procrastinate.task.JobContext;
import io.procrastinate.worker.DeleteJobs;
import io.procrastinate.worker.JobResult;
import io.procrastinate.worker.JobResult.Outcome;
import io.procrastinate.worker.Worker;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a worker does while nothing goes wrong but the jobs. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@SuppressWarnings("FutureReturnValueIgnored") // what tasks return is the worker's to look after
class WorkerTest {

    private static final Duration NEVER_POLL = Duration.ofHours(1);

    private Site site;

    @BeforeEach
    void open() throws SQLException {
        site = new Site(Server.shared().newDatabase());
    }

    @AfterEach
    void close() {
        site.close();
    }

    private long defer(String task) {
        return site.app.configureTask(task).defer(Map.of());
    }

    @Test
    void runsAThousandJobs() {
        site.app.task("noop").run(args -> {});
        site.defer("noop", 1000);

        site.drain(site.options().concurrency(10));

        assertThat(site.count("succeeded")).isEqualTo(1000);
        assertThat(site.results).hasSize(1000);
    }

    @Test
    void runsAsManyJobsAtOnceAsItMayAndNoMore() {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CyclicBarrier four = new CyclicBarrier(4);
        site.app.task("together").run(args -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            four.await(20, TimeUnit.SECONDS);
            now.decrementAndGet();
        });
        site.defer("together", 20);

        site.drain(site.options().concurrency(4));

        assertThat(site.count("succeeded")).isEqualTo(20);
        assertThat(most).hasValue(4);
    }

    @Test
    void freesASlotWithoutWaitingForAPoll() {
        site.app.task("noop").run(args -> {});
        site.defer("noop", 200);

        site.start(site.options().concurrency(1).fetchPollingInterval(NEVER_POLL));

        Site.until(() -> site.count("succeeded") == 200, "every slot that was freed was used again");
    }

    @Test
    void startsANotifiedJobWithoutWaitingForAPoll() {
        site.app.task("noop").run(args -> {});
        site.start(site.options().fetchPollingInterval(NEVER_POLL));
        site.awaitListening();

        for (int count = 0; count < 20; count++) {
            site.awaitStatus(defer("noop"), "succeeded");
        }
    }

    @Test
    void runsJobsOfALockOneAtATimeInOrder() {
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        site.app.task("locked", Numbered.class).run(args -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            order.add(args.n());
            now.decrementAndGet();
        });
        for (int n = 0; n < 20; n++) {
            site.app.configureTask("locked").lock("L").priority(n % 2).defer(Map.of("n", n));
        }

        site.drain(site.options().concurrency(10).fetchPollingInterval(NEVER_POLL));

        assertThat(most).hasValue(1);
        assertThat(order).containsExactly(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18);
    }

    @Test
    void runsWhatIsBehindAFutureJobOfTheLockNotYet() {
        site.app.task("noop").run(args -> {});
        site.app.configureTask("noop").lock("L").in(Duration.ofHours(1)).defer(Map.of());
        long behind = site.app.configureTask("noop").lock("L").defer(Map.of());

        site.drain(site.options());

        assertThat(site.status(behind)).isEqualTo("todo");
    }

    @Test
    void prefersPriorityThenAge() {
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        site.app.task("ordered", Numbered.class).run(args -> order.add(args.n()));
        for (int priority : new int[] {0, 5, -3, 5}) {
            site.app.configureTask("ordered").priority(priority).defer(Map.of("n", priority));
        }

        site.drain(site.options());

        assertThat(order).containsExactly(5, 5, 0, -3);
    }

    @Test
    void servesItsQueuesOnly() {
        site.app.task("noop").run(args -> {});
        long mail = site.app.configureTask("noop").queue("mail").defer(Map.of());
        long other = site.app.configureTask("noop").queue("other").defer(Map.of());

        site.drain(site.options().queues("mail", "more"));

        assertThat(site.status(mail)).isEqualTo("succeeded");
        assertThat(site.status(other)).isEqualTo("todo");
    }

    @Test
    void listensToEachOfItsQueues() {
        site.app.task("noop").run(args -> {});
        site.start(site.options().queues("mail", "more").fetchPollingInterval(NEVER_POLL));
        site.awaitListening();

        site.awaitStatus(site.app.configureTask("noop").queue("more").defer(Map.of()), "succeeded");
    }

    @Test
    void startsScheduledJobsOnTime() {
        site.app.task("noop").run(args -> {});
        site.start(site.options().fetchPollingInterval(NEVER_POLL));

        List<Long> ids = new ArrayList<>();
        for (int n = 1; n <= 20; n++) {
            ids.add(site.app
                    .configureTask("noop")
                    .in(Duration.ofMillis(30L * n))
                    .defer(Map.of()));
        }

        ids.forEach(id -> site.awaitStatus(id, "succeeded"));
        assertThat(site.number(
                        "SELECT count(*) FROM procrastinate_jobs j JOIN procrastinate_events e ON e.job_id = j.id"
                                + " AND e.type = 'started' WHERE e.at < j.scheduled_at"))
                .isZero();
    }

    @Test
    void retriesAfterTheDelayThatTheStrategySays() {
        AtomicInteger runs = new AtomicInteger();
        site.app
                .task("flaky")
                .retry(RetryStrategy.builder()
                        .times(3)
                        .wait(Duration.ofSeconds(1))
                        .build())
                .run(args -> {
                    if (runs.incrementAndGet() < 3) {
                        throw new IllegalStateException("not yet");
                    }
                });
        site.start(site.options().fetchPollingInterval(NEVER_POLL));
        long id = defer("flaky");

        site.awaitStatus(id, "succeeded");

        assertThat(site.attempts(id)).isEqualTo(3);
        assertThat(site.events(id))
                .containsExactly(
                        "deferred",
                        "started",
                        "scheduled",
                        "deferred_for_retry",
                        "started",
                        "scheduled",
                        "deferred_for_retry",
                        "started",
                        "succeeded");
        assertThat(
                        site.number(
                                "SELECT min(extract(epoch FROM s.at - r.at) * 1000)::bigint FROM procrastinate_events r,"
                                        + " procrastinate_events s WHERE r.type = 'deferred_for_retry' AND s.type = 'started'"
                                        + " AND s.id = (SELECT min(id) FROM procrastinate_events WHERE type = 'started' AND id > r.id)"))
                .isGreaterThanOrEqualTo(1000);
    }

    @Test
    void failsAJobWhoseStrategyIsExhausted() {
        site.app.task("broken").retry(2).run(args -> {
            throw new IllegalStateException("always");
        });
        long id = defer("broken");

        site.drain(site.options().fetchPollingInterval(NEVER_POLL));

        assertThat(site.status(id)).isEqualTo("failed");
        assertThat(site.attempts(id)).isEqualTo(3);
        assertThat(site.results)
                .extracting(JobResult::outcome)
                .containsExactly(Outcome.RETRIED, Outcome.RETRIED, Outcome.FAILED);
    }

    @Test
    void retriesWithWhatTheDecisionGivesAnew() {
        site.app
                .task("moved")
                .retry((failure, job) -> job.attempts() > 0
                        ? null
                        : RetryDecision.now().priority(7).queue("slow").lock("L"))
                .run(args -> {
                    throw new IllegalStateException("always");
                });
        long id = defer("moved");

        site.drain(site.options().queues("default"));

        assertThat(site.sql(
                        "SELECT concat_ws(' ', status, priority, queue_name, lock) FROM procrastinate_jobs WHERE id = ?",
                        id))
                .containsExactly("todo 7 slow L");
    }

    @Test
    void failsARetryWhoseQueueingLockIsTaken() {
        site.app.task("flaky").retry(RetryStrategy.forever()).run(args -> {
            site.app
                    .configureTask("other")
                    .queueingLock("Q")
                    .in(Duration.ofHours(1))
                    .defer(Map.of());
            throw new IllegalStateException("once");
        });
        long id = site.app.configureTask("flaky").queueingLock("Q").defer(Map.of());

        site.drain(site.options());

        assertThat(site.status(id)).isEqualTo("failed");
        assertThat(site.results).extracting(JobResult::outcome).containsExactly(Outcome.FAILED);
        assertThat(site.results.element().failure())
                .isInstanceOf(AlreadyEnqueuedException.class)
                .hasMessageContaining("Job " + id + " cannot be retried: another job waits with its queueing lock")
                .hasRootCauseMessage("once");
    }

    @Test
    void failsWhatItDoesNotKnow() {
        site.app.task("known", Numbered.class).retry(3).run(args -> {});
        long unknown = defer("unknown");
        long misfit = site.app.configureTask("known").defer(Map.of("n", "no number"));

        site.drain(site.options());

        assertThat(site.status(unknown)).isEqualTo("failed");
        assertThat(site.attempts(unknown)).isEqualTo(1);
        assertThat(site.events(unknown)).containsExactly("deferred", "started", "failed");
        assertThat(site.status(misfit)).isEqualTo("failed");
        assertThat(site.attempts(misfit)).isEqualTo(4);
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
            site.results.add(result);
            throw new AssertionError("a listener that fails");
        }));

        assertThat(site.results)
                .hasSize(50)
                .allSatisfy(result -> assertThat(result.outcome()).isEqualTo(Outcome.SUCCEEDED));
    }

    @Test
    void deletesTheJobsThatItIsTold() {
        site.app.task("noop").run(args -> {});
        site.app.task("broken").run(args -> {
            throw new IllegalStateException("always");
        });
        site.app.task("flaky").retry(1).run(args -> {
            throw new IllegalStateException("always");
        });
        defer("noop");
        defer("broken");

        site.drain(site.options().deleteJobs(DeleteJobs.SUCCESSFUL));
        assertThat(site.sql("SELECT status FROM procrastinate_jobs")).containsExactly("failed");

        defer("noop");
        defer("broken");
        defer("flaky");
        site.drain(site.options().deleteJobs(DeleteJobs.ALWAYS));
        assertThat(site.sql("SELECT status FROM procrastinate_jobs")).containsExactly("failed");
        assertThat(site.results).extracting(JobResult::outcome).contains(Outcome.RETRIED);
    }

    @Test
    void tellsHowJobsEnded() {
        site.app.task("answer").call(args -> 42);
        long id = defer("answer");

        site.drain(site.options());

        JobResult result = site.results.element();
        assertThat(result.job().id()).isEqualTo(id);
        assertThat(result.job().attempts()).isZero();
        assertThat(result.outcome()).isEqualTo(Outcome.SUCCEEDED);
        assertThat(result.value()).isEqualTo(42);
        assertThat(result.failure()).isNull();
        assertThat(result.duration()).isPositive();
    }

    @Test
    void givesJobsTheirContext() {
        AtomicReference<JobContext> seen = new AtomicReference<>();
        site.app.task("look").body((context, args) -> {
            seen.set(context);
            return context.jobManager().status(context.job().id()).text();
        });
        long id = site.app
                .configureTask("look")
                .queue("q")
                .priority(3)
                .lock("L")
                .queueingLock("Q")
                .defer(Map.of("a", 1));

        site.drain(site.options().name("w").queues("q").additionalContext(Map.of("key", "value")));

        JobContext context = Objects.requireNonNull(seen.get());
        assertThat(context.job().id()).isEqualTo(id);
        assertThat(context.job().args()).isEqualTo("{\"a\": 1}");
        assertThat(context.job().priority()).isEqualTo(3);
        assertThat(context.job().lock()).isEqualTo("L");
        assertThat(context.job().queueingLock()).isEqualTo("Q");
        assertThat(context.workerName()).isEqualTo("w");
        assertThat(context.workerQueues()).containsExactly("q");
        assertThat(context.additionalContext()).containsEntry("key", "value");
        assertThat(context.shouldAbort()).isFalse();
        assertThat(context.lost()).isFalse();
        assertThat(site.results.element().value()).isEqualTo("doing");
    }

    @Test
    void holdsNoThreadForAStage() {
        List<CompletableFuture<String>> stages = Collections.synchronizedList(new ArrayList<>());
        site.app.task("stage").call(args -> {
            CompletableFuture<String> stage = new CompletableFuture<>();
            stages.add(stage);
            return stage;
        });
        site.defer("stage", 100);
        site.start(site.options().concurrency(100).name("stages"));
        Site.until(() -> stages.size() == 100, "all stages are under way");

        Site.until(
                () -> Thread.getAllStackTraces().entrySet().stream()
                        .filter(each -> each.getKey().getName().startsWith("procrastinate-job"))
                        .noneMatch(each -> List.of(each.getValue()).toString().contains("JobRunner")),
                "no thread is in a job");
        stages.forEach(stage -> stage.complete("done"));

        Site.until(() -> site.count("succeeded") == 100, "all stages have succeeded");
        assertThat(site.results).allSatisfy(result -> assertThat(result.value()).isEqualTo("done"));
    }

    @Test
    void takesAMinimalStage() {
        site.app
                .task("stage")
                .call(args -> CompletableFuture.completedFuture("done").minimalCompletionStage());
        long id = defer("stage");

        site.drain(site.options());

        assertThat(site.status(id)).isEqualTo("succeeded");
        assertThat(site.results.element().value()).isEqualTo("done");
    }

    @Test
    void letsJobsDeferJobsOverASingleConnection() {
        App app = site.another(site.settings.toBuilder().poolSize(1).build());
        app.task("child").run(args -> {});
        app.task("parent").body((context, args) -> {
            context.tasks().configure("child").defer(Map.of());
            return app.configureTask("child").deferAsync(Map.of());
        });
        app.configureTask("parent").batchDefer(Collections.nCopies(20, Map.of()));

        Worker worker = site.start(
                app, site.options().concurrency(10).waitForJobs(false).fetchPollingInterval(NEVER_POLL));

        assertThat(worker.awaitEnd(Site.BOUND)).isTrue();
        assertThat(site.count("succeeded")).isEqualTo(60);
    }

    @Test
    void drainsWhatRunningJobsDeferAndWhatIsBehindLocks() {
        site.app.task("chain", Numbered.class).run(args -> {
            if (args.n() > 0) {
                site.app.configureTask("chain").lock("L").defer(Map.of("n", args.n() - 1));
                site.app.configureTask("chain").lock("L").defer(Map.of("n", 0));
            }
        });
        site.app.configureTask("chain").defer(Map.of("n", 10));

        site.drain(site.options().concurrency(3).fetchPollingInterval(NEVER_POLL));

        assertThat(site.count("succeeded")).isEqualTo(21);
        assertThat(site.count("todo")).isZero();
    }

    @Test
    void runsEachJobOnceAmongSeveralWorkers() {
        Map<Integer, Integer> runs = new ConcurrentHashMap<>();
        List<Worker> workers = new ArrayList<>();
        List<App> apps = new ArrayList<>();
        for (int n = 0; n < 4; n++) {
            App app = site.another(site.settings);
            app.task("count", Numbered.class).run(args -> runs.merge(args.n(), 1, Integer::sum));
            apps.add(app);
        }
        site.defer("count", 2000);
        for (int n = 0; n < 100; n++) {
            site.app.configureTask("count").lock("L" + n % 5).priority(n % 3).defer(Map.of("n", 2000 + n));
        }

        for (App app : apps) {
            workers.add(site.start(app, site.options().concurrency(7).waitForJobs(false)));
        }

        assertThat(workers)
                .allSatisfy(worker -> assertThat(worker.awaitEnd(Site.BOUND)).isTrue());
        site.drain(site.options());
        Site.until(() -> site.count("todo") == 0 && site.count("doing") == 0, "nothing is left");
        assertThat(site.count("succeeded") + site.count("failed")).isEqualTo(2100);
        assertThat(runs.values()).containsOnly(1);
    }

    @Test
    void isUsedOnceAndMayBeClosedAtAnyTime() {
        Worker neverStarted = site.app.worker(site.options().build());
        neverStarted.close();
        for (int n = 0; n < 20; n++) {
            Worker worker = site.app.worker(site.options().build());
            worker.start();
            worker.close();
            assertThat(worker.awaitEnd(Duration.ZERO)).isTrue();
        }

        assertThat(site.number("SELECT count(*) FROM procrastinate_workers")).isZero();
    }

    @Test
    void writesTheEventsThatProcrastinateWrites() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        site.app.task("noop").run(args -> {});
        site.app.task("abort").run(args -> {
            running.countDown();
            Thread.sleep(60_000);
        });
        long succeeded = defer("noop");
        long aborted = defer("abort");
        long cancelled = site.app.configureTask("noop").in(Duration.ofHours(1)).defer(Map.of());
        site.start(site.options().concurrency(2));
        assertThat(running.await(30, TimeUnit.SECONDS)).isTrue();

        site.app.jobManager().cancel(aborted, CancelOption.ABORT);
        site.app.jobManager().cancel(cancelled);
        site.awaitStatus(aborted, "aborted");
        site.awaitStatus(succeeded, "succeeded");

        assertThat(site.events(succeeded)).containsExactly("deferred", "started", "succeeded");
        assertThat(site.events(aborted)).containsExactly("deferred", "started", "abort_requested", "aborted");
        assertThat(site.events(cancelled)).containsExactly("scheduled", "deferred", "cancelled");
    }

    record Numbered(int n) {}

    /** A stage that does not offer a future. */
    private static final class NoFuture extends CompletableFuture<String> {
        @Override
        public CompletableFuture<String> toCompletableFuture() {
            throw new UnsupportedOperationException("no future");
        }
    }
}

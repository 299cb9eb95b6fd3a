package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.fixture.Site;
import io.procrastinate.job.CancelOption;
import io.procrastinate.task.JobContext;
import io.procrastinate.tck.StartedThreads;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A job's context, its result, and what is logged and kept of it. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@SuppressWarnings("FutureReturnValueIgnored") // the worker handles what tasks return
class JobResultTest extends SiteTest {

    @RegisterExtension
    final StartedThreads threads = new StartedThreads();

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
                () -> threads.threads().stream()
                        .filter(thread -> thread.getName().startsWith("procrastinate-job"))
                        .noneMatch(thread ->
                                List.of(thread.getStackTrace()).toString().contains("JobRunner")),
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
    void writesTheEventsThatProcrastinateWrites() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        site.app.task("noop").run(args -> {});
        site.app.task("abort").run(args -> {
            running.countDown();
            new CountDownLatch(1).await();
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
}

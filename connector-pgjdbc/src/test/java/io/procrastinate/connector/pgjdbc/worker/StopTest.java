package io.procrastinate.connector.pgjdbc.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.exception.JobAbortedException;
import io.procrastinate.job.CancelOption;
import io.procrastinate.retry.RetryStrategy;
import io.procrastinate.task.AbortReason;
import io.procrastinate.worker.JobResult;
import io.procrastinate.worker.JobResult.Outcome;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How jobs are aborted, and how workers stop. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@SuppressWarnings("FutureReturnValueIgnored") // what tasks return is the worker's to look after
class StopTest {

    private static final Duration NEVER_POLL = Duration.ofHours(1);
    private static final Duration OFTEN = Duration.ofMillis(100);

    private final Semaphore entered = new Semaphore(0);
    private final CountDownLatch released = new CountDownLatch(1);
    private Site site;

    @BeforeEach
    void open() throws SQLException {
        site = new Site(Server.shared().newDatabase());
        site.app.task("noop").run(args -> {});
    }

    @AfterEach
    void close() {
        released.countDown();
        site.close();
    }

    private long defer(String task) {
        return site.app.configureTask(task).defer(Map.of());
    }

    private void awaitEntered() throws InterruptedException {
        assertThat(entered.tryAcquire(30, TimeUnit.SECONDS)).as("the job runs").isTrue();
    }

    private void abort(long id) {
        assertThat(site.app.jobManager().cancel(id, CancelOption.ABORT)).isTrue();
    }

    /** Runs until it is released or interrupted. */
    private void blocking(String name) {
        site.app.task(name).run(args -> {
            entered.release();
            released.await();
        });
    }

    private Worker startWith(WorkerOptions.Builder options) throws InterruptedException {
        Worker worker = site.start(options);
        awaitEntered();
        return worker;
    }

    @Test
    void abortsABlockingJobWhenNotified() throws InterruptedException {
        blocking("block");
        long id = defer("block");
        startWith(site.options().abortPollingInterval(NEVER_POLL));
        site.awaitListening();

        abort(id);

        site.awaitStatus(id, "aborted");
        assertThat(site.attempts(id)).isEqualTo(1);
        assertThat(site.sql("SELECT abort_requested FROM procrastinate_jobs")).containsExactly("f");
    }

    @Test
    void abortsAJobWhenItPolls() throws InterruptedException {
        blocking("block");
        long id = defer("block");
        startWith(site.options().listenNotify(false).abortPollingInterval(OFTEN));

        abort(id);

        site.awaitStatus(id, "aborted");
    }

    @Test
    void cancelsAStage() throws InterruptedException {
        CompletableFuture<String> stage = new CompletableFuture<>();
        site.app.task("stage").call(args -> {
            entered.release();
            return stage;
        });
        long id = defer("stage");
        startWith(site.options());

        abort(id);

        site.awaitStatus(id, "aborted");
        assertThat(stage).isCancelled();
    }

    @Test
    void abortsAStageThatCannotBeCancelled() throws InterruptedException {
        CompletableFuture<String> hidden = new CompletableFuture<>();
        site.app.task("stage").call(args -> {
            entered.release();
            return hidden.minimalCompletionStage();
        });
        long id = defer("stage");
        startWith(site.options());

        abort(id);

        site.awaitStatus(id, "aborted");
    }

    @Test
    void abortsAJobThatLooksAtTheFlag() {
        site.app.task("polite").body((context, args) -> {
            entered.release();
            while (!context.shouldAbort()) {
                Thread.onSpinWait();
            }
            Thread.interrupted();
            throw new JobAbortedException("as requested, because of " + context.abortReason());
        });
        long id = defer("polite");
        site.start(site.options());
        site.awaitStatus(id, "doing");

        abort(id);

        site.awaitStatus(id, "aborted");
        Site.until(() -> !site.results.isEmpty(), "the result is told");
        assertThat(site.results.element().failure()).hasMessageContaining(AbortReason.USER_REQUEST.toString());
    }

    @Test
    void endsAnAbortedJobAbortedWhateverItsRetryStrategy() throws InterruptedException {
        site.app.task("block").retry(RetryStrategy.forever()).run(args -> {
            entered.release();
            released.await();
        });
        long id = defer("block");
        startWith(site.options());

        abort(id);

        site.awaitStatus(id, "aborted");
        assertThat(site.events(id)).containsExactly("deferred", "started", "abort_requested", "aborted");
    }

    @Test
    void doesNotRetryAJobThatFailsOtherwiseAfterAnAbort() throws InterruptedException {
        site.app.task("stubborn").retry(RetryStrategy.forever()).run(args -> {
            entered.release();
            try {
                released.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException("something else");
            }
        });
        long id = defer("stubborn");
        startWith(site.options());

        abort(id);

        site.awaitStatus(id, "failed");
        Site.until(() -> !site.results.isEmpty(), "the result is told");
        assertThat(site.results.element().outcome()).isEqualTo(Outcome.FAILED);
    }

    @Test
    void countsAJobThatSwallowsItsAbortAsSucceeded() throws InterruptedException {
        site.app.task("stubborn").run(args -> {
            entered.release();
            try {
                released.await();
            } catch (InterruptedException e) {
                return;
            }
        });
        long id = defer("stubborn");
        startWith(site.options());

        abort(id);

        site.awaitStatus(id, "succeeded");
    }

    @Test
    void abortsWhileItDrains() throws InterruptedException {
        blocking("block");
        long id = defer("block");
        Worker worker = startWith(site.options().heartbeatInterval(OFTEN));
        worker.stop();
        Site.until(
                () -> site.number("SELECT count(*) FROM procrastinate_workers"
                                + " WHERE last_heartbeat > now() - interval '1 second'")
                        == 1,
                "the heart beats");
        String before = heartbeat();
        Site.until(() -> !heartbeat().equals(before), "the heart still beats");
        long later = defer("noop");

        abort(id);

        assertThat(worker.awaitEnd(Site.BOUND)).isTrue();
        assertThat(site.status(id)).isEqualTo("aborted");
        assertThat(site.status(later)).isEqualTo("todo");
    }

    private String heartbeat() {
        return site.sql("SELECT last_heartbeat FROM procrastinate_workers").get(0);
    }

    @Test
    void waitsForRunningJobsAndStoresTheirResults() throws InterruptedException {
        blocking("block");
        List<Long> ids = List.of(defer("block"), defer("block"), defer("block"));
        Worker worker = site.start(site.options().concurrency(3));
        assertThat(entered.tryAcquire(3, 30, TimeUnit.SECONDS)).isTrue();

        worker.stop();
        assertThat(worker.awaitEnd(Duration.ofMillis(300))).isFalse();
        assertThat(site.number("SELECT count(*) FROM procrastinate_workers")).isEqualTo(1);
        released.countDown();

        assertThat(worker.awaitEnd(Site.BOUND)).isTrue();
        assertThat(ids).allSatisfy(id -> assertThat(site.status(id)).isEqualTo("succeeded"));
        assertThat(site.results).hasSize(3);
        assertThat(site.number("SELECT count(*) FROM procrastinate_workers")).isZero();
    }

    @Test
    void givesBackWhatItInterrupts() throws InterruptedException {
        blocking("block");
        site.app.task("stage").call(args -> {
            entered.release();
            return new CompletableFuture<>();
        });
        List<Long> ids = List.of(defer("block"), defer("stage"));
        Worker worker = site.start(site.options().concurrency(2).shutdownGracefulTimeout(OFTEN));
        assertThat(entered.tryAcquire(2, 30, TimeUnit.SECONDS)).isTrue();

        worker.close();

        assertThat(ids).allSatisfy(id -> {
            assertThat(site.status(id)).isEqualTo("todo");
            assertThat(site.attempts(id)).isZero();
        });
        assertThat(site.results).extracting(JobResult::outcome).containsOnly(Outcome.GIVEN_BACK);
        assertThat(site.number("SELECT count(*) FROM procrastinate_workers")).isZero();
    }

    @Test
    void givesCodeThatIgnoresItToOthers() throws InterruptedException {
        AtomicReference<Boolean> lost = new AtomicReference<>();
        CountDownLatch over = new CountDownLatch(1);
        site.app.task("deaf").body((context, args) -> {
            entered.release();
            while (released.getCount() > 0) {
                Thread.onSpinWait();
            }
            lost.set(context.lost());
            over.countDown();
            return "too late";
        });
        long id = defer("deaf");
        Worker worker = startWith(site.options().shutdownGracefulTimeout(Duration.ZERO));

        worker.close();

        assertThat(site.status(id)).isEqualTo("todo");
        released.countDown();
        assertThat(over.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(lost).hasValue(true);
        assertThat(site.results).hasSize(1);
        site.drain(site.options());
        assertThat(site.status(id)).isEqualTo("succeeded");
    }

    @Test
    void interruptsAgainWhoSwallowedAnAbort() throws InterruptedException {
        site.app.task("stubborn").run(args -> {
            entered.release();
            try {
                released.await();
            } catch (InterruptedException e) {
                entered.release();
                released.await();
            }
        });
        long id = defer("stubborn");
        Worker worker = startWith(site.options().shutdownGracefulTimeout(OFTEN).abortPollingInterval(OFTEN));
        abort(id);
        awaitEntered();

        worker.close();

        assertThat(site.status(id)).isEqualTo("aborted");
    }

    @Test
    void stopsFromInsideAJob() {
        site.app.task("last").body((context, args) -> {
            context.stopWorker();
            return null;
        });
        long id = defer("last");
        Worker worker = site.start(site.options());

        assertThat(worker.awaitEnd(Site.BOUND)).isTrue();
        assertThat(site.status(id)).isEqualTo("succeeded");
    }

    @Test
    void fetchesNoMoreOnceAJobHasStoppedIt() {
        site.app.task("last").body((context, args) -> {
            context.stopWorker();
            return null;
        });
        for (int round = 1; round <= 30; round++) {
            defer("last");
            long next = defer("noop");

            assertThat(site.start(site.options()).awaitEnd(Site.BOUND)).isTrue();

            assertThat(site.status(next)).as("round " + round).isEqualTo("todo");
            site.drain(site.options());
        }
    }

    @Test
    void stopsGracefullyWhenItsThreadIsInterruptedHoweverOften() throws InterruptedException {
        blocking("block");
        long id = defer("block");
        Worker worker = site.app.worker(site.options().build());
        AtomicReference<Boolean> kept = new AtomicReference<>();
        Thread thread = new Thread(() -> {
            worker.run();
            kept.set(Thread.currentThread().isInterrupted());
        });
        thread.start();
        awaitEntered();

        for (int count = 0; count < 5; count++) {
            thread.interrupt();
            assertThat(worker.awaitEnd(Duration.ofMillis(50))).isFalse();
        }
        released.countDown();

        thread.join(30_000);
        assertThat(thread.isAlive()).isFalse();
        assertThat(kept).hasValue(true);
        assertThat(site.status(id)).isEqualTo("succeeded");
        assertThat(site.number("SELECT count(*) FROM procrastinate_workers")).isZero();
    }

    @Test
    void stopsUnderLoadWithoutLosingAJob() {
        for (int round = 0; round < 10; round++) {
            site.defer("noop", 300);
            Worker worker = site.start(site.options().concurrency(20));
            int before = site.results.size();
            Site.until(() -> site.results.size() > before + 20, "the worker works");
            worker.close();
            assertThat(site.count("doing")).isZero();
        }
        site.drain(site.options().concurrency(20));

        assertThat(site.count("succeeded")).isEqualTo(3000);
        assertThat(site.number("SELECT max(attempts) FROM procrastinate_jobs")).isEqualTo(1);
        assertThat(site.number("SELECT count(*) FROM procrastinate_workers")).isZero();
    }
}

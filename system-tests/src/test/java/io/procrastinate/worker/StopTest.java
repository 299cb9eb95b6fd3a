package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.fixture.Site;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How workers stop. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@SuppressWarnings("FutureReturnValueIgnored") // the worker handles what tasks return
class StopTest extends RunningJobTest {

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
        assertThat(site.attempts(id)).isZero();
        released.countDown();
        assertThat(over.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(lost).hasValue(true);
        assertThat(site.results).extracting(JobResult::outcome).containsExactly(Outcome.GIVEN_BACK);
        site.drain(site.options());
        assertThat(site.status(id)).isEqualTo("succeeded");
        assertThat(site.attempts(id)).isEqualTo(1);
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
    void isClosedByOneOfItsJobs() {
        CompletableFuture<Worker> worker = new CompletableFuture<>();
        site.app.task("last").body((context, args) -> {
            worker.join().close();
            return null;
        });
        long id = defer("last");

        worker.complete(site.start(site.options()));

        assertThat(worker.join().awaitEnd(Site.BOUND)).isTrue();
        assertThat(site.status(id)).isEqualTo("succeeded");
    }

    @Test
    void isClosedWhenItTellsOfAResult() {
        CompletableFuture<Worker> worker = new CompletableFuture<>();
        long id = defer("noop");
        WorkerOptions.Builder options =
                site.options().onJobEnded(result -> worker.join().close());

        worker.complete(site.start(options));

        assertThat(worker.join().awaitEnd(Site.BOUND)).isTrue();
        assertThat(site.status(id)).isEqualTo("succeeded");
        assertThat(site.results).hasSize(1);
    }

    @Test
    void closingTheAppInterruptsWhatWouldKeepItFromEnding() throws InterruptedException {
        blocking("block");
        long id = defer("block");
        startWith(site.options().shutdownGracefulTimeout(OFTEN));

        site.app.close();

        assertThat(site.status(id)).isEqualTo("todo");
        assertThat(site.number("SELECT count(*) FROM procrastinate_workers")).isZero();
    }

    @Test
    void letsJobsGoOnForNoLongerThanItIsToldWhereTheOptionsSayNothing() throws InterruptedException {
        blocking("block");
        long id = defer("block");
        Worker worker = startWith(site.options());
        worker.stop();

        worker.stopWithin(OFTEN);

        assertThat(worker.awaitEnd(Site.BOUND)).isTrue();
        assertThat(site.status(id)).isEqualTo("todo");
        assertThat(site.attempts(id)).isZero();
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

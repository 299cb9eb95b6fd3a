package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.App;
import io.procrastinate.job.Job;
import io.procrastinate.memory.InMemoryConnector;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RunThreadsTest {

    private final App app = App.builder().connector(new InMemoryConnector()).build();
    private final WorkerOptions options = WorkerOptions.builder().build();
    private final ExecutorService pool = Executors.newCachedThreadPool();
    private final Queue<RunningJob> ran = new ConcurrentLinkedQueue<>();

    @AfterEach
    void shutDown() {
        pool.shutdownNow();
    }

    private RunningJob run(long id) {
        Job job = Job.builder(id, "task").workerId(1L).build();
        return new RunningJob(job, 1, options, app.tasks(), app.jobManager(), () -> {});
    }

    private static void refuse(RunningJob run, Throwable refusal) {
        throw new AssertionError(refusal);
    }

    @Test
    void runsThatWaitForEachOtherAllRun() throws Exception {
        int count = 100;
        CyclicBarrier together = new CyclicBarrier(count + 1);
        RunThreads threads = new RunThreads(
                pool,
                run -> {
                    meet(together);
                    return null;
                },
                RunThreadsTest::refuse);
        for (int id = 0; id < count; id++) {
            threads.run(run(id));
        }
        together.await(30, TimeUnit.SECONDS);
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void runsFromManyThreadsEachRunOnce() throws Exception {
        int callers = 4;
        int each = 20_000;
        CountDownLatch left = new CountDownLatch(callers * each);
        RunThreads threads = new RunThreads(
                pool,
                run -> {
                    ran.add(run);
                    left.countDown();
                    return null;
                },
                RunThreadsTest::refuse);
        List<RunningJob> runs = new ArrayList<>();
        for (int id = 0; id < each; id++) {
            runs.add(run(id));
        }
        for (int caller = 0; caller < callers; caller++) {
            pool.execute(() -> runs.forEach(threads::run));
        }
        assertThat(left.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(ran).hasSize(callers * each);
    }

    @Test
    void theThreadGoesOnWithTheRunThatItIsTold() {
        List<Runnable> called = new ArrayList<>();
        RunningJob first = run(1);
        RunningJob second = run(2);
        RunThreads threads = new RunThreads(
                called::add,
                run -> {
                    ran.add(run);
                    return run == first ? second : null;
                },
                RunThreadsTest::refuse);
        threads.run(first);
        assertThat(called).hasSize(1);
        called.get(0).run();
        assertThat(ran).containsExactly(first, second);
        assertThat(called).hasSize(1);
    }

    @Test
    void aThreadCallsForAnotherOneWhileRunsWait() {
        List<Runnable> called = new ArrayList<>();
        RunThreads threads = new RunThreads(
                called::add,
                run -> {
                    ran.add(run);
                    assertThat(called).hasSize(2);
                    return null;
                },
                RunThreadsTest::refuse);
        threads.run(run(1));
        threads.run(run(2));
        assertThat(called).hasSize(1);
        called.get(0).run();
        assertThat(ran).hasSize(2);
        called.get(1).run();
        assertThat(ran).hasSize(2);
    }

    @Test
    void tellsWhoWaitsWhenNoThreadCanBeHad() {
        List<Runnable> called = new ArrayList<>();
        List<Long> refused = new ArrayList<>();
        RunThreads threads = new RunThreads(
                thread -> {
                    if (called.size() == 1) {
                        throw new RejectedExecutionException("no thread is left");
                    }
                    called.add(thread);
                },
                run -> {
                    ran.add(run);
                    return null;
                },
                (run, refusal) -> refused.add(run.job().id()));
        RunningJob first = run(1);
        threads.run(first);
        threads.run(run(2));
        threads.run(run(3));
        called.get(0).run();
        assertThat(ran).containsExactly(first);
        assertThat(refused).containsExactly(2L, 3L);
        assertThatThrownBy(() -> threads.run(run(4))).isInstanceOf(RejectedExecutionException.class);
        assertThat(refused).containsExactly(2L, 3L, 4L);
    }
}

package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A test about jobs that run until they are released or interrupted. */
abstract class RunningJobTest extends SiteTest {

    static final Duration OFTEN = Duration.ofMillis(100);

    final Semaphore entered = new Semaphore(0);
    final CountDownLatch released = new CountDownLatch(1);

    @BeforeEach
    void registerTask() {
        site.app.task("noop").run(args -> {});
    }

    @AfterEach
    void release() {
        released.countDown();
    }

    void awaitEntered() throws InterruptedException {
        assertThat(entered.tryAcquire(30, TimeUnit.SECONDS)).as("the job runs").isTrue();
    }

    /** Registers a task that runs until it is released or interrupted. */
    void blocking(String name) {
        site.app.task(name).run(args -> {
            entered.release();
            released.await();
        });
    }

    Worker startWith(WorkerOptions.Builder options) throws InterruptedException {
        Worker worker = site.start(options);
        awaitEntered();
        return worker;
    }
}

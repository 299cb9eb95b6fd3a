package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.fixture.Site;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The server goes away and comes back, under load. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RestartTest {

    private static final Logger LOGGER = LoggerFactory.getLogger(RestartTest.class);
    private static final Duration LONG = Duration.ofSeconds(90);

    @Test
    void outlivesARestartOfTheServer() throws InterruptedException {
        outlivesARestart(5);
    }

    @Test
    @Tag("nightly")
    void outlivesALongRestartOfTheServer() throws InterruptedException {
        outlivesARestart(45);
    }

    private static void outlivesARestart(int seconds) throws InterruptedException {
        CountDownLatch released = new CountDownLatch(1);
        Semaphore entered = new Semaphore(0);
        try (Site site = Site.onServerOfItsOwn()) {
            App second = site.another(site.settings);
            for (App app : new App[] {site.app, second}) {
                app.task("noop").run(args -> Thread.sleep(5));
                app.task("through").run(args -> {
                    entered.release();
                    released.await();
                });
            }
            long through = site.app.configureTask("through").defer(Map.of());
            Worker one = site.start(site.app, site.options().concurrency(5).name("one"));
            Worker two = site.start(second, site.options().concurrency(5).name("two"));
            assertThat(entered.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
            site.defer("noop", 1000);
            Site.until(() -> site.count("succeeded") > 100, "the workers work");

            site.database.restartServer(
                    () -> assertThat(one.awaitEnd(Duration.ofSeconds(seconds))).isFalse());
            long back = System.nanoTime();
            site.sql("INSERT INTO procrastinate_jobs (queue_name, task_name, priority) VALUES ('default', 'noop', 9)");
            Site.until(
                    () -> site.number("SELECT count(*) FROM procrastinate_jobs WHERE priority = 9 AND status <> 'todo'")
                            == 1,
                    "the next job has started");
            LOGGER.warn(
                    "{} s down: the next job started {} ms after the server was back",
                    seconds,
                    (System.nanoTime() - back) / 1_000_000);

            Site.until(LONG, () -> site.count("succeeded") == 1001, "every job succeeded");
            released.countDown();
            site.awaitStatus(through, "succeeded");
            assertThat(one.awaitEnd(Duration.ZERO)).isFalse();
            assertThat(two.awaitEnd(Duration.ZERO)).isFalse();
            Site.until(() -> site.results.size() >= 1002, "every result is reported");
            assertThat(site.results).extracting(JobResult::outcome).containsOnly(Outcome.SUCCEEDED);
            assertThat(site.number("SELECT count(*) FROM procrastinate_workers"))
                    .isEqualTo(2);
            site.awaitListening();
        }
    }
}

package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.fixture.Site;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Jobs that a worker has fetched before it can run them. */
class LocalQueueOnPostgresTest extends SiteTest {

    private static final int SIZE = 20;

    private final Semaphore begun = new Semaphore(0);
    private final AtomicBoolean slow = new AtomicBoolean();
    private final Map<Long, AtomicInteger> runs = new ConcurrentHashMap<>();
    private final Semaphore mayEnd = new Semaphore(0);

    @BeforeEach
    void registerTask() {
        registerIn(site.app);
    }

    /** A task that is quick at first; later each run waits until the test releases it. */
    private void registerIn(App app) {
        app.task("work").body((context, args) -> {
            runs.computeIfAbsent(context.job().id(), id -> new AtomicInteger()).incrementAndGet();
            if (slow.get()) {
                begun.release();
                mayEnd.acquire();
            }
            return null;
        });
    }

    @AfterEach
    void letEnd() {
        mayEnd.release(1_000_000);
    }

    private WorkerOptions.Builder options(Duration timeToLive) {
        return site.options().localQueueSize(SIZE).localQueueTimeToLive(timeToLive);
    }

    private long held() {
        return site.count("doing");
    }

    /** Starts a worker that runs one job at a time, and blocks it with its local queue full. */
    private Worker startAndFill() {
        for (int round = 0; round < 4; round++) {
            site.defer("work", 5_000);
        }
        Worker worker = site.start(options(Duration.ofSeconds(1)));
        Site.until(() -> fills(site.results.size()), "the local queue is full");
        assertThat(worker.health().runningJobs()).isEqualTo(1);
        return worker;
    }

    /** Whether a worker that has run some more jobs fetches ahead while it runs a slow one. */
    private boolean fills(int ranBefore) throws InterruptedException {
        Site.until(() -> site.results.size() > ranBefore + 200, "jobs run");
        slow.set(true);
        assertThat(begun.tryAcquire(30, TimeUnit.SECONDS)).as("a slow job runs").isTrue();
        for (int look = 0; look < 20; look++) {
            if (held() == 1 + SIZE) {
                return true;
            }
        }
        slow.set(false);
        mayEnd.release();
        return false;
    }

    @Test
    void takesNoMoreThanItRunsWhileJobsAreSlow() {
        slow.set(true);
        App other = site.another(site.settings);
        registerIn(other);
        site.defer("work", 4);

        site.start(options(Duration.ofDays(1)).concurrency(2));
        Site.until(() -> begun.availablePermits() == 2, "two jobs run");
        site.start(other, options(Duration.ofDays(1)).concurrency(2));

        Site.until(() -> begun.availablePermits() == 4, "the other two run elsewhere");
        mayEnd.release(4);
        Site.until(() -> site.count("succeeded") == 4, "every job succeeded");
    }

    @Test
    void givesBackWhatHasWaitedForTooLong() {
        Worker worker = startAndFill();

        Site.until(() -> held() == 1, "only the job that runs is held");
        assertThat(site.results).extracting(JobResult::outcome).containsOnly(Outcome.SUCCEEDED);
        assertThat(site.number("SELECT max(attempts) FROM procrastinate_jobs WHERE status = 'todo'"))
                .isZero();
        assertThat(worker.health().runningJobs()).isEqualTo(1);
    }

    @Test
    void givesBackWhatWaitsWhenItStops() {
        Worker worker = startAndFill();

        worker.stop();
        Site.until(() -> held() == 1, "only the job that runs is held");
        mayEnd.release();

        assertThat(worker.awaitEnd(Site.BOUND)).isTrue();
        assertThat(held()).isZero();
        assertThat(site.number("SELECT count(*) FROM procrastinate_workers")).isZero();
        assertThat(site.number("SELECT max(attempts) FROM procrastinate_jobs WHERE status = 'todo'"))
                .isZero();
    }

    @Test
    void runsEveryJobOnceAmongWorkersThatLoseTheirConnections() {
        App other = site.another(site.settings);
        registerIn(other);
        site.start(options(Duration.ofMillis(100)).concurrency(5));
        site.start(other, options(Duration.ofMillis(100)).concurrency(5));
        for (int round = 1; round <= 5; round++) {
            int endedBefore = site.results.size();
            // Not by an app, whose pool may still have a terminated connection: a job that may have been deferred is
            // not deferred again.
            site.sql("INSERT INTO procrastinate_jobs (queue_name, task_name)"
                    + " SELECT 'default', 'work' FROM generate_series(1, 2000)");
            Site.until(() -> site.results.size() > endedBefore + 500, "jobs end");
            site.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    + " WHERE datname = current_database() AND pid <> pg_backend_pid()");
            Site.until(() -> site.results.size() == endedBefore + 2_000, "every job has ended");
        }

        assertThat(site.count("succeeded")).isEqualTo(10_000);
        assertThat(runs)
                .hasSize(10_000)
                .allSatisfy(
                        (id, times) -> assertThat(times).as("runs of job " + id).hasValue(1));
        assertThat(site.number("SELECT max(attempts) FROM procrastinate_jobs")).isEqualTo(1);
    }
}

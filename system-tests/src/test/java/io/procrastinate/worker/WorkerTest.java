package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.fixture.Site;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which jobs a worker runs, when, in what order and how many at a time. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@SuppressWarnings("FutureReturnValueIgnored") // the worker handles what tasks return
class WorkerTest extends SiteTest {

    private static final Duration NEVER_POLL = Duration.ofHours(1);

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
            site.app.externalTask("count").lock("L" + n % 5).priority(n % 3).defer(Map.of("n", 2000 + n));
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
}

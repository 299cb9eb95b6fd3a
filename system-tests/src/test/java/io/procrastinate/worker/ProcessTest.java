package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.fixture.Child;
import io.procrastinate.fixture.Site;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Workers whose process is killed, paused or asked to end. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProcessTest {

    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    private Site site;
    private App rescuing;

    @BeforeEach
    void open() {
        site = new Site();
        site.sql("CREATE TABLE runs (job bigint, who text)");
        site.sql("CREATE TABLE gate (open boolean)");
        rescuing = site.another(site.settings);
        Child.tasks(rescuing, site.settings, "rescuer");
    }

    @AfterEach
    void close() {
        site.sql("INSERT INTO gate VALUES (true)");
        site.close();
    }

    private Child child() throws IOException {
        return child(null);
    }

    private Child child(@Nullable Duration gracefulTimeout, String... queues) throws IOException {
        return Child.start(site.settings, directory.resolve("child.log"), gracefulTimeout, queues);
    }

    private long registeredWorkers() {
        return site.number("SELECT count(*) FROM procrastinate_workers");
    }

    private WorkerOptions.Builder options() {
        return site.options().concurrency(20).heartbeatInterval(Child.HEARTBEAT).stalledWorkerTimeout(Child.STALLED);
    }

    private long runsBy(String who) {
        return site.number("SELECT count(*) FROM runs WHERE who = ?", who);
    }

    @Test
    void rescuesTheJobsOfAKilledProcess() throws IOException, InterruptedException {
        for (int n = 0; n < 90; n++) {
            site.app.externalTask("retried").defer(Map.of());
        }
        for (int n = 0; n < 10; n++) {
            site.app.externalTask("plain").lock("L" + n).defer(Map.of());
        }
        try (Child child = child()) {
            Site.until(LONG, () -> runsBy("child") == 100, "a hundred jobs run in the child");
            for (int n = 0; n < 10; n++) {
                site.app.externalTask("plain").lock("L" + n).defer(Map.of());
            }
            child.signal("KILL");
            assertThat(child.awaitExit()).isEqualTo(137);
        }
        assertThat(site.count("doing")).isEqualTo(100);

        site.start(rescuing, options());

        Site.until(
                LONG,
                () -> site.count("succeeded") == 100,
                "what can be retried, and what was behind a lock, succeeded");
        assertThat(site.count("failed")).isEqualTo(10);
        assertThat(site.number("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'retried' AND attempts = 2"))
                .isEqualTo(90);
        Site.until(
                LONG,
                () -> site.number("SELECT count(*) FROM procrastinate_workers") == 1,
                "the dead worker's row is gone");
    }

    @Test
    void doesNotLetAPausedProcessOverwriteTheSecondRun() throws IOException, InterruptedException {
        long id = site.app.externalTask("gated").defer(Map.of());
        try (Child child = child()) {
            Site.until(LONG, () -> runsBy("child") == 1, "the job runs in the child");
            child.signal("STOP");
            site.start(rescuing, options());
            Site.until(LONG, () -> runsBy("rescuer") == 1, "the job runs again elsewhere");
            child.signal("CONT");
            site.sql("INSERT INTO gate VALUES (true)");

            site.awaitStatus(id, "succeeded");
            child.signal("TERM");
            assertThat(child.awaitExit()).isZero();
        }

        assertThat(site.results).hasSize(1);
        assertThat(site.results.element().value()).isEqualTo("rescuer");
        assertThat(site.attempts(id)).isEqualTo(2);
        assertThat(site.number("SELECT count(*) FROM procrastinate_events WHERE type = 'succeeded'"))
                .isEqualTo(1);
        assertThat(directory.resolve("child.log")).content().contains("no longer this worker's");
    }

    @Test
    void finishesItsJobsWhenItIsAskedToEnd() throws IOException, InterruptedException {
        for (int n = 0; n < 20; n++) {
            site.app.externalTask("gated").defer(Map.of());
        }
        try (Child child = child()) {
            Site.until(LONG, () -> runsBy("child") == 20, "the jobs run in the child");
            child.signal("TERM");
            site.sql("INSERT INTO gate VALUES (true)");

            assertThat(child.awaitExit()).isZero();
        }

        assertThat(site.count("succeeded")).isEqualTo(20);
        assertThat(site.number("SELECT count(*) FROM procrastinate_workers")).isZero();
    }

    @Test
    void endsAtOnceWhenItIsAskedToEndAgain() throws IOException, InterruptedException {
        long id = site.app.externalTask("gated").defer(Map.of());
        try (Child child = child()) {
            Site.until(LONG, () -> runsBy("child") == 1, "the job runs in the child");
            Site.until(
                    LONG,
                    () -> {
                        child.signal("TERM");
                        return !child.isAlive();
                    },
                    "the child has ended");

            assertThat(child.awaitExit()).isEqualTo(143);
        }

        assertThat(site.status(id)).isEqualTo("doing");
    }

    @ParameterizedTest
    @CsvSource({
        "exit, failed",
        "exit-in-middleware, failed",
        "exit-in-strategy, failed",
        "exit-when-told, succeeded",
        "halt, doing"
    })
    void endsThoughOneOfItsJobsWaitsForThat(String task, String status) throws IOException, InterruptedException {
        long id = site.app.externalTask(task).defer(Map.of());
        try (Child child = child()) {
            assertThat(child.awaitExit()).isEqualTo(Child.EXIT_CODE);
        }

        assertThat(site.status(id)).isEqualTo(status);
        assertThat(registeredWorkers()).isEqualTo(status.equals("doing") ? 1 : 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"exit-in-thread", "exit-in-stage"})
    void endsWithinTheGracefulTimeThoughAJobWaitsForWhatEndsIt(String task) throws IOException, InterruptedException {
        long id = site.app.externalTask(task).defer(Map.of());
        try (Child child = child(Duration.ofSeconds(1))) {
            assertThat(child.awaitExit()).isEqualTo(Child.EXIT_CODE);
        }

        assertThat(site.status(id)).isEqualTo("todo");
        assertThat(site.attempts(id)).isZero();
        assertThat(registeredWorkers()).isZero();
    }

    @Test
    void endsThoughAJobThatSetsNoLimitWaitsForWhatEndsIt() throws IOException, InterruptedException {
        long id = site.app.externalTask("exit-in-thread").defer(Map.of());
        try (Child child = child()) {
            assertThat(child.awaitExit()).isEqualTo(Child.EXIT_CODE);
        }

        assertThat(site.status(id)).isEqualTo("todo");
    }

    @Test
    void endsThoughAJobIgnoresItAndCountsNoRun() throws IOException, InterruptedException {
        long deaf = site.app.externalTask("deaf").defer(Map.of());
        try (Child child = child(Duration.ofSeconds(1))) {
            Site.until(LONG, () -> runsBy("child") == 1, "the job runs in the child");
            long exit = site.app.externalTask("exit").defer(Map.of());
            assertThat(child.awaitExit()).isEqualTo(Child.EXIT_CODE);
            assertThat(site.status(exit)).isEqualTo("failed");
        }

        assertThat(site.status(deaf)).isEqualTo("todo");
        assertThat(site.attempts(deaf)).isZero();
        assertThat(registeredWorkers()).isZero();
    }

    @Test
    void endsAllItsWorkersWhenAJobOfOneEndsIt() throws IOException, InterruptedException {
        long gated = site.app.externalTask("gated").queue("one").defer(Map.of());
        try (Child child = child(null, "one", "two")) {
            Site.until(LONG, () -> runsBy("child") == 1, "a job of the other worker runs in the child");
            site.app.externalTask("exit").queue("two").defer(Map.of());
            Site.until(LONG, () -> site.count("failed") == 1, "the job that ends the process has ended");
            site.sql("INSERT INTO gate VALUES (true)");
            assertThat(child.awaitExit()).isEqualTo(Child.EXIT_CODE);
        }

        assertThat(site.status(gated)).isEqualTo("succeeded");
        assertThat(registeredWorkers()).isZero();
    }

    @Test
    void oneOfItsWorkersEndsWithoutTakingTheSignalsFromTheOther() throws IOException, InterruptedException {
        long stop = site.app.externalTask("stop").queue("one").defer(Map.of());
        try (Child child = child(null, "one", "two")) {
            site.awaitStatus(stop, "succeeded");
            Site.until(LONG, () -> registeredWorkers() == 1, "one worker is left");
            long gated = site.app.externalTask("gated").queue("two").defer(Map.of());
            Site.until(LONG, () -> runsBy("child") == 1, "a job of the other worker runs");
            child.signal("TERM");
            site.sql("INSERT INTO gate VALUES (true)");

            assertThat(child.awaitExit()).isZero();
            assertThat(site.status(gated)).isEqualTo("succeeded");
        }
    }

    @Test
    void beatsWhileJobsKeepEveryProcessorBusy() {
        CountDownLatch released = new CountDownLatch(1);
        int processors = Runtime.getRuntime().availableProcessors();
        rescuing.task("spin").run(args -> {
            while (released.getCount() > 0) {
                Thread.onSpinWait();
            }
        });
        for (int n = 0; n < 4 * processors; n++) {
            site.app.externalTask("spin").defer(Map.of());
        }
        try {
            site.start(rescuing, options().concurrency(4 * processors));
            Site.until(() -> site.count("doing") == 4L * processors, "the jobs run");
            for (int beat = 0; beat < 5; beat++) {
                String before = heartbeat();
                Site.until(() -> !heartbeat().equals(before), "the heart beats");
            }
        } finally {
            released.countDown();
        }
        Site.until(() -> site.count("succeeded") == 4L * processors, "the jobs succeeded");
    }

    private String heartbeat() {
        return site.sql("SELECT last_heartbeat FROM procrastinate_workers").get(0);
    }
}

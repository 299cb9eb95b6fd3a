package io.procrastinate.interop;

import static io.procrastinate.interop.WorkerSetup.on;
import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.job.NewJob;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** One side defers, the other side works. */
class DeferralTest extends BothWays {

    @Test
    void argumentsOfEveryShapeArriveAsTheyWereGiven() {
        work(on());

        for (String json : JsonShapes.ALL) {
            from.defer(job("echo").args(json));
        }
        queue.awaitAllEnded();

        assertThat(queue.database().texts("SELECT detail FROM journal ORDER BY job_id").stream()
                        .map(JsonShapes::canonical))
                .containsExactlyElementsOf(
                        JsonShapes.ALL.stream().map(JsonShapes::canonical).toList());
    }

    @Test
    void batchRunsWholeAndInOrder() {
        List<String> args =
                IntStream.range(0, 50).mapToObj(n -> "{\"n\": " + n + "}").toList();

        List<Long> ids = from.batchDefer(job("echo").priority(3), args);
        work(on("shared").concurrency(1));
        queue.awaitAllEnded();

        assertThat(ids).hasSize(50).isSorted().doesNotHaveDuplicates();
        assertThat(queue.database().texts("SELECT job_id || ' ' || (detail::jsonb->>'n') FROM journal ORDER BY id"))
                .containsExactlyElementsOf(IntStream.range(0, 50)
                        .mapToObj(n -> ids.get(n) + " " + n)
                        .toList());
    }

    @Test
    void scheduledJobWaitsForItsTime() {
        Instant tomorrow = Instant.now().plus(1, ChronoUnit.DAYS).truncatedTo(ChronoUnit.MICROS);
        long later = from.defer(job("echo").at(tomorrow));
        long soon = from.defer(job("echo").in(Duration.ofSeconds(1)));
        long overdue = from.defer(job("echo").at(Instant.parse("2001-01-01T00:00:00Z")));

        work(on());
        queue.awaitStatus(soon, "succeeded");
        queue.awaitStatus(overdue, "succeeded");

        assertThat(to.status(later)).isEqualTo("todo");
        assertThat(to.jobs())
                .filteredOn(found -> Integer.valueOf((int) later).equals(found.get("id")))
                .extracting(found -> found.get("scheduled_at"))
                .containsExactly(tomorrow.toString());
        assertThat(queue.database()
                        .number("SELECT count(*) FROM procrastinate_events started JOIN procrastinate_jobs job"
                                + " ON job.id = started.job_id WHERE type = 'started' AND at < scheduled_at"))
                .isZero();
    }

    @Test
    void greaterPriorityComesFirst() {
        long low = from.defer(job("echo").priority(-5));
        long high = from.defer(job("echo").priority(5));
        long middle = from.defer(job("echo"));
        long next = from.defer(job("echo"));

        work(on("shared").concurrency(1));
        queue.awaitAllEnded();

        assertThat(queue.database().texts("SELECT job_id FROM journal ORDER BY id"))
                .containsExactly("" + high, "" + middle, "" + next, "" + low);
    }

    @Test
    void queueingLockAdmitsOneWaitingJobOfEitherSide() {
        NewJob locked = job("echo").queueingLock("only one");
        long first = from.defer(locked);

        assertThat(from.deferUnlessWaiting(locked)).isEmpty();
        assertThat(to.deferUnlessWaiting(locked)).isEmpty();

        work(on("shared"));
        queue.awaitStatus(first, "succeeded");
        assertThat(to.deferUnlessWaiting(locked)).isPresent();
        queue.awaitAllEnded();
        assertThat(from.deferUnlessWaiting(locked)).isPresent();
    }

    @Test
    void workerTakesOnlyJobsOfItsQueues() {
        long foreign = from.defer(SharedQueue.job("other", "echo"));
        long own = from.defer(SharedQueue.job("größe", "echo"));

        work(on("größe", "shared"));
        queue.awaitStatus(own, "succeeded");

        assertThat(from.status(foreign)).isEqualTo("todo");
    }

    @Test
    void failingJobIsTriedAgainAsItsTaskSays() {
        long job = from.defer(job("flaky"));

        work(on("shared"));
        queue.awaitStatus(job, "succeeded");

        assertThat(queue.database().texts("SELECT detail FROM journal ORDER BY id"))
                .containsExactly("0", "1", "2");
        assertThat(from.jobs().get(0)).containsEntry("attempts", 3);
        assertThat(queue.database().texts("SELECT type::text FROM procrastinate_events WHERE at < now() ORDER BY id"))
                .filteredOn(type -> !"scheduled".equals(type))
                .containsExactly(
                        "deferred",
                        "started",
                        "deferred_for_retry",
                        "started",
                        "deferred_for_retry",
                        "started",
                        "succeeded");
    }

    @Test
    void jobOfAnUnknownTaskFails() {
        long unknown = from.defer(job("nobody.knows.it"));

        work(on("shared"));

        queue.awaitStatus(unknown, "failed");
    }

    @Test
    void failedJobIsRetriedFromTheOtherSide() {
        long job = from.defer(job("fails_at_first"));
        work(on("shared"));
        queue.awaitStatus(job, "failed");

        from.retry(job, null);

        queue.awaitStatus(job, "succeeded");
        assertThat(from.jobs().get(0)).containsEntry("attempts", 3);
    }

    @Test
    void jobThatFailedOnOneSideIsHandedToTheOther() {
        long job = from.defer(job("fails_at_first"));
        work(on("shared"));
        queue.awaitStatus(job, "failed");

        from.retry(job, "own");
        queue.keep(from.startWorker(on("own")));

        queue.awaitStatus(job, "succeeded");
        assertThat(queue.database().texts("SELECT DISTINCT side FROM journal"))
                .containsExactlyInAnyOrder("JAVA", "PYTHON");
    }
}

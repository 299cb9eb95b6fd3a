package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.retry.RetryStrategy;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When a failed job runs again. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RetryTest extends SiteTest {

    private static final Duration NEVER_POLL = Duration.ofHours(1);

    @Test
    void retriesAfterTheDelayThatTheStrategySays() {
        AtomicInteger runs = new AtomicInteger();
        site.app
                .task("flaky")
                .retry(RetryStrategy.builder()
                        .times(3)
                        .wait(Duration.ofSeconds(1))
                        .build())
                .run(args -> {
                    if (runs.incrementAndGet() < 3) {
                        throw new IllegalStateException("not yet");
                    }
                });
        site.start(site.options().fetchPollingInterval(NEVER_POLL));
        long id = defer("flaky");

        site.awaitStatus(id, "succeeded");

        assertThat(site.attempts(id)).isEqualTo(3);
        assertThat(site.events(id))
                .containsExactly(
                        "deferred",
                        "started",
                        "scheduled",
                        "deferred_for_retry",
                        "started",
                        "scheduled",
                        "deferred_for_retry",
                        "started",
                        "succeeded");
        assertThat(site.number("SELECT min(extract(epoch FROM s.at - r.at) * 1000)::bigint FROM procrastinate_events"
                        + " r, procrastinate_events s WHERE r.type = 'deferred_for_retry' AND s.type ="
                        + " 'started' AND s.id = (SELECT min(id) FROM procrastinate_events WHERE type ="
                        + " 'started' AND id > r.id)"))
                .isGreaterThanOrEqualTo(1000);
    }

    @Test
    void failsAJobWhoseStrategyIsExhausted() {
        site.app.task("broken").retry(2).run(args -> {
            throw new IllegalStateException("always");
        });
        long id = defer("broken");

        site.drain(site.options().fetchPollingInterval(NEVER_POLL));

        assertThat(site.status(id)).isEqualTo("failed");
        assertThat(site.attempts(id)).isEqualTo(3);
        assertThat(site.results)
                .extracting(JobResult::outcome)
                .containsExactly(Outcome.RETRIED, Outcome.RETRIED, Outcome.FAILED);
    }

    @Test
    void retriesWithWhatTheDecisionGivesAnew() {
        site.app
                .task("moved")
                .retry((failure, job) -> job.attempts() > 0
                        ? null
                        : RetryDecision.now().priority(7).queue("slow").lock("L"))
                .run(args -> {
                    throw new IllegalStateException("always");
                });
        long id = defer("moved");

        site.drain(site.options().queues("default"));

        assertThat(site.sql(
                        "SELECT concat_ws(' ', status, priority, queue_name, lock) FROM procrastinate_jobs WHERE id ="
                                + " ?",
                        id))
                .containsExactly("todo 7 slow L");
    }

    @Test
    void failsARetryWhoseQueueingLockIsTaken() {
        site.app.task("flaky").retry(RetryStrategy.forever()).run(args -> {
            site.app
                    .externalTask("other")
                    .queueingLock("Q")
                    .in(Duration.ofHours(1))
                    .defer(Map.of());
            throw new IllegalStateException("once");
        });
        long id = site.app.configureTask("flaky").queueingLock("Q").defer(Map.of());

        site.drain(site.options());

        assertThat(site.status(id)).isEqualTo("failed");
        assertThat(site.results).extracting(JobResult::outcome).containsExactly(Outcome.FAILED);
        assertThat(site.results.element().failure())
                .isInstanceOf(AlreadyEnqueuedException.class)
                .hasMessageContaining("Job " + id + " cannot be retried: another job waits with its queueing lock")
                .hasRootCauseMessage("once");
    }
}

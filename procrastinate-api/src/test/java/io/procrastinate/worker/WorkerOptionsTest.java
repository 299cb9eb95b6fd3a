package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.driver.Durations;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.task.Middleware;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class WorkerOptionsTest {

    @Test
    void hasTheDefaultsOfProcrastinate() {
        WorkerOptions options = WorkerOptions.defaults();

        assertThat(options.queues()).isEmpty();
        assertThat(options.name()).isEqualTo("worker");
        assertThat(options.concurrency()).isEqualTo(1);
        assertThat(options.waitForJobs()).isTrue();
        assertThat(options.fetchPollingInterval()).isEqualTo(Duration.ofSeconds(5));
        assertThat(options.abortPollingInterval()).isEqualTo(Duration.ofSeconds(5));
        assertThat(options.shutdownGracefulTimeout()).isNull();
        assertThat(options.listenNotify()).isTrue();
        assertThat(options.deleteJobs()).isEqualTo(DeleteJobs.NEVER);
        assertThat(options.additionalContext()).isEmpty();
        assertThat(options.heartbeatInterval()).isEqualTo(Duration.ofSeconds(10));
        assertThat(options.stalledWorkerTimeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(options.rescueStalledJobs()).isTrue();
        assertThat(options.localQueueSize()).isZero();
        assertThat(options.localQueueTimeToLive()).isEqualTo(Duration.ofSeconds(1));
        assertThat(options.installShutdownHook()).isTrue();
        assertThat(options.loggedCharacters()).isEqualTo(500);
        assertThat(options.durableStarts()).isTrue();
        assertThat(options.listeners()).isEmpty();
        assertThat(options.queuesDisplay()).isEqualTo("all queues");
    }

    @Test
    void refusesWhatIsOutOfRange() {
        Duration negative = Duration.ofNanos(-1);

        assertRefused(WorkerOptions.builder().concurrency(0), "concurrency is 0");
        assertRefused(WorkerOptions.builder().fetchPollingInterval(Duration.ZERO), "polling for jobs");
        assertRefused(WorkerOptions.builder().abortPollingInterval(Duration.ZERO), "abort requests");
        assertRefused(WorkerOptions.builder().heartbeatInterval(negative), "heartbeat");
        assertRefused(WorkerOptions.builder().shutdownGracefulTimeout(negative), "graceful");
        assertRefused(
                WorkerOptions.builder().stalledWorkerTimeout(Duration.ofSeconds(10)), "time-out of stalled workers");
        assertRefused(WorkerOptions.builder().localQueueSize(-1), "local queue is -1");
        assertRefused(WorkerOptions.builder().loggedCharacters(-1), "logged characters is -1");
        assertRefused(WorkerOptions.builder().localQueueTimeToLive(Duration.ZERO), "time to live");
        WorkerOptions.Builder queue = WorkerOptions.builder().queues("x".repeat(41));
        assertThatThrownBy(queue::build).isInstanceOf(InvalidJobException.class);
    }

    @Test
    void countsWhatIsToLastForEverAsAHundredYears() {
        for (Duration forEver : List.of(ChronoUnit.FOREVER.getDuration(), Durations.FOREVER.plusNanos(1))) {
            WorkerOptions options = WorkerOptions.builder()
                    .fetchPollingInterval(forEver)
                    .abortPollingInterval(forEver)
                    .shutdownGracefulTimeout(forEver)
                    .stalledWorkerTimeout(forEver)
                    .localQueueTimeToLive(forEver)
                    .periodicMaxDelay(forEver)
                    .build();

            assertThat(List.of(
                            options.fetchPollingInterval(),
                            options.abortPollingInterval(),
                            Objects.requireNonNull(options.shutdownGracefulTimeout()),
                            options.stalledWorkerTimeout(),
                            options.localQueueTimeToLive(),
                            options.periodicMaxDelay()))
                    .containsOnly(Durations.FOREVER);
            assertRefused(options.toBuilder().heartbeatInterval(forEver), "time-out of stalled workers");
        }
    }

    @Test
    void middlewareAddsUpTheFirstOutermost() {
        Middleware first = (context, next) -> next.run();
        Middleware second = (context, next) -> next.run();
        Middleware third = (context, next) -> next.run();

        WorkerOptions options =
                WorkerOptions.builder().middleware(first).middleware(second).build();

        assertThat(options.middleware()).containsExactly(first, second);
        assertThat(options.toBuilder().middleware(third).build().middleware()).containsExactly(first, second, third);
    }

    @Test
    void takesWhatIsAtTheEdge() {
        WorkerOptions options = WorkerOptions.builder()
                .concurrency(1)
                .shutdownGracefulTimeout(Duration.ZERO)
                .heartbeatInterval(Duration.ofNanos(1))
                .stalledWorkerTimeout(Duration.ofNanos(2))
                .queues("x".repeat(40), "")
                .build();

        assertThat(options.shutdownGracefulTimeout()).isZero();
        assertThat(options.queuesDisplay()).startsWith("queues x");
    }

    @Test
    void copiesItsCollections() {
        List<String> queues = new ArrayList<>(List.of("q"));
        Map<String, Object> context = new HashMap<>(Map.of("k", "v"));
        WorkerOptions options = WorkerOptions.builder()
                .queues(queues)
                .additionalContext(context)
                .build();

        queues.clear();
        context.clear();

        assertThat(options.queues()).containsExactly("q");
        assertThat(options.additionalContext()).containsEntry("k", "v");
    }

    @Test
    void variesWithTheRestAsItWas() {
        WorkerOptions options = WorkerOptions.builder()
                .queues("q")
                .name("n")
                .concurrency(3)
                .waitForJobs(false)
                .fetchPollingInterval(Duration.ofSeconds(1))
                .abortPollingInterval(Duration.ofSeconds(2))
                .shutdownGracefulTimeout(Duration.ofSeconds(3))
                .listenNotify(false)
                .deleteJobs(DeleteJobs.ALWAYS)
                .additionalContext(Map.of("k", "v"))
                .heartbeatInterval(Duration.ofSeconds(4))
                .stalledWorkerTimeout(Duration.ofSeconds(5))
                .rescueStalledJobs(false)
                .installShutdownHook(false)
                .onJobEnded(result -> {})
                .build();

        assertThat(options.toBuilder().build()).isEqualTo(options);
        assertThat(options.toBuilder().concurrency(4).build()).isNotEqualTo(options);
    }

    private static void assertRefused(WorkerOptions.Builder builder, String message) {
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}

package io.procrastinate.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.procrastinate.job.QueueBacklog;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BacklogGaugesTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final BacklogGauges gauges = new BacklogGauges(registry, new Names(), Duration.ofSeconds(15));

    @AfterEach
    void close() {
        gauges.close();
    }

    @Test
    void showsJobsByStateTheOldestAgeAndWorkers() {
        gauges.read(() -> new Backlog(List.of(new QueueBacklog("mail", 5, 4, 3, 2, 1, Duration.ofMillis(1500))), 7, 1));

        assertThat(jobs("mail", "due")).isEqualTo(5);
        assertThat(jobs("mail", "scheduled")).isEqualTo(4);
        assertThat(jobs("mail", "locked")).isEqualTo(3);
        assertThat(jobs("mail", "doing")).isEqualTo(2);
        assertThat(jobs("mail", "failed")).isEqualTo(1);
        assertThat(value("procrastinate.backlog.age", Tags.of("queue", "mail"))).isEqualTo(1.5);
        assertThat(value("procrastinate.workers", Tags.of("state", "alive"))).isEqualTo(7);
        assertThat(value("procrastinate.workers", Tags.of("state", "dead"))).isEqualTo(1);
    }

    @Test
    void aQueueThatIsEmptyAgainIsZero() {
        gauges.read(() -> new Backlog(List.of(due("mail", 5)), 1, 0));
        gauges.read(() -> new Backlog(List.of(due("sms", 2)), 1, 0));

        assertThat(jobs("mail", "due")).isZero();
        assertThat(value("procrastinate.backlog.age", Tags.of("queue", "mail"))).isZero();
        assertThat(jobs("sms", "due")).isEqualTo(2);
    }

    @Test
    void queuesBeyondTheLimitAreAddedUp() {
        gauges.read(() -> new Backlog(
                IntStream.rangeClosed(1, 250)
                        .mapToObj(number -> due("queue " + number, 1))
                        .toList(),
                1,
                0));

        assertThat(jobs("queue 200", "due")).isEqualTo(1);
        assertThat(jobs("(other)", "due")).isEqualTo(50);
        assertThat(registry.find("procrastinate.backlog.age").gauges()).hasSize(Names.MOST + 1);
    }

    @Test
    void whatCannotBeReadIsAbsentUntilItCan() {
        gauges.read(() -> new Backlog(List.of(due("mail", 5)), 1, 0));

        gauges.read(() -> {
            throw new IllegalStateException("the database is away");
        });

        assertThat(registry.getMeters()).isEmpty();
        gauges.read(() -> new Backlog(List.of(due("mail", 6)), 1, 0));
        assertThat(jobs("mail", "due")).isEqualTo(6);
    }

    @Test
    void nothingIsLeftWhenItIsClosed() {
        gauges.read(() -> new Backlog(List.of(due("mail", 5)), 1, 0));

        gauges.close();

        gauges.read(() -> new Backlog(List.of(due("mail", 5)), 1, 0));
        assertThat(registry.getMeters()).isEmpty();
    }

    private static QueueBacklog due(String name, long jobs) {
        return new QueueBacklog(name, jobs, 0, 0, 0, 0, Duration.ofSeconds(jobs));
    }

    private @Nullable Double jobs(String queue, String state) {
        return value("procrastinate.backlog.jobs", Tags.of("queue", queue, "state", state));
    }

    private @Nullable Double value(String name, Tags tags) {
        Gauge gauge = registry.find(name).tags(tags).gauge();
        return gauge == null ? null : gauge.value();
    }
}

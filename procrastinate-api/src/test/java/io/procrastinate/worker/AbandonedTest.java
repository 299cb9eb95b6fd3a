package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.job.Job;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AbandonedTest {

    private final AtomicLong nanos = new AtomicLong(-5);
    private final Rescuer.Abandoned abandoned = new Rescuer.Abandoned(Duration.ofSeconds(30), nanos::get);

    @Test
    void areRescuedWhenSeenTwiceFarEnoughApart() {
        assertThat(look(job(1, 0, null))).isFalse();
        after(29);
        assertThat(look(job(1, 0, null))).isFalse();
        after(1);
        assertThat(look(job(1, 0, null))).isTrue();
    }

    @Test
    void startAnewWithEachRun() {
        look(job(1, 0, null));
        after(30);

        assertThat(look(job(1, 1, null))).isFalse();
    }

    @Test
    void areForgottenWhenSomebodyTookThemBack() {
        look(job(1, 0, null));
        abandoned.endRound();
        after(30);

        assertThat(look(job(1, 0, null))).isFalse();
    }

    @Test
    void withAWorkerThatIsDeadNeedNoSecondLook() {
        assertThat(look(job(1, 0, 7L))).isTrue();
    }

    private boolean look(Job job) {
        boolean certain = abandoned.isCertain(job);
        abandoned.endRound();
        return certain;
    }

    private void after(int seconds) {
        nanos.addAndGet(Duration.ofSeconds(seconds).toNanos());
    }

    private static Job job(long id, int attempts, @Nullable Long workerId) {
        return Job.builder(id, "task")
                .queue("queue")
                .attempts(attempts)
                .workerId(workerId)
                .build();
    }
}

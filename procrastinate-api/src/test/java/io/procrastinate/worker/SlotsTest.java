package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.App;
import io.procrastinate.job.Job;
import io.procrastinate.memory.InMemoryConnector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SlotsTest {

    private static final Duration TIME_TO_LIVE = Duration.ofSeconds(1);

    private final App app = App.builder().connector(new InMemoryConnector()).build();
    private final WorkerOptions options = WorkerOptions.builder()
            .concurrency(2)
            .localQueueSize(10)
            .localQueueTimeToLive(TIME_TO_LIVE)
            .build();
    private long now = Long.MAX_VALUE - 5; // the clock of the JVM may overflow
    private final Slots slots = new Slots(options, () -> this.now);

    private void pass(Duration duration) {
        now += duration.toNanos();
    }

    private RunningJob run(long id) {
        return run(id, null);
    }

    private RunningJob run(long id, @Nullable String queueingLock) {
        Job job =
                Job.builder(id, "task").queueingLock(queueingLock).workerId(1L).build();
        return new RunningJob(job, 1, options, app.tasks(), app.jobManager(), () -> {});
    }

    private List<RunningJob> enter(int count) {
        List<RunningJob> runs = new ArrayList<>();
        for (int id = 1; id <= count; id++) {
            runs.add(run(id));
            slots.enter(runs.get(id - 1));
        }
        return runs;
    }

    @Test
    void letsSoManyBeginAndTheOthersInTheirOrder() {
        List<RunningJob> runs = enter(4);

        assertThat(slots.waiting()).isEqualTo(2);
        assertThat(slots.leave()).isSameAs(runs.get(2));
        assertThat(slots.leave()).isSameAs(runs.get(3));
        assertThat(slots.leave()).isNull();
        assertThat(slots.enter(run(5))).isTrue();
        assertThat(slots.enter(run(6))).isFalse();
    }

    @Test
    void hasNoRoomBeforeAnyJobHasEnded() {
        pass(TIME_TO_LIVE.multipliedBy(3));

        assertThat(slots.room()).isZero();
    }

    @Test
    void hasRoomForWhatBeginsWithinHalfOfTheTimeToLive() {
        end(6);
        assertThat(slots.room()).as("within the first window").isZero();
        pass(TIME_TO_LIVE);
        assertThat(slots.room()).isEqualTo(3);

        end(6);
        pass(TIME_TO_LIVE.multipliedBy(2));
        assertThat(slots.room()).as("half as fast").isEqualTo(1);

        end(1_000);
        pass(TIME_TO_LIVE);
        assertThat(slots.room()).as("the size of the local queue").isEqualTo(10);
    }

    private void end(int count) {
        for (int ended = 0; ended < count; ended++) {
            slots.enter(run(ended));
            slots.leave();
        }
    }

    @Test
    void takesOutWhatHasWaitedForTooLong() {
        end(100);
        pass(TIME_TO_LIVE);
        assertThat(slots.room()).isEqualTo(10);
        List<RunningJob> runs = enter(3);
        assertThat(slots.untilExpiry()).isEqualTo(TIME_TO_LIVE);
        pass(TIME_TO_LIVE.minusNanos(1));
        slots.enter(run(4));
        assertThat(slots.expired()).isEmpty();
        assertThat(slots.untilExpiry()).isEqualTo(Duration.ofNanos(1));

        pass(Duration.ofNanos(1));

        assertThat(slots.expired()).containsExactly(runs.get(2));
        assertThat(slots.waiting()).isEqualTo(1);
        assertThat(slots.room()).as("until jobs end again").isZero();
    }

    @Test
    void aJobWithAQueueingLockWaitsOn() {
        enter(2);
        slots.enter(run(3, "report"));
        assertThat(slots.untilExpiry()).isNull();
        RunningJob other = run(4);
        slots.enter(other);
        assertThat(slots.untilExpiry()).isEqualTo(TIME_TO_LIVE);

        pass(TIME_TO_LIVE);

        assertThat(slots.expired()).containsExactly(other);
        assertThat(slots.waiting()).isEqualTo(1);
    }

    @Test
    void takesOutWhatIsAbortedBeforeItBegins() {
        List<RunningJob> runs = enter(3);

        assertThat(slots.withdraw(runs.get(0))).as("a job that runs").isFalse();
        assertThat(slots.withdraw(runs.get(2))).isTrue();
        assertThat(slots.withdraw(runs.get(2))).isFalse();
        assertThat(slots.untilExpiry()).isNull();
        assertThat(slots.leave()).isNull();
    }

    @Test
    void letsNothingWaitOnceClosed() {
        List<RunningJob> runs = enter(4);

        assertThat(slots.close()).containsExactly(runs.get(2), runs.get(3));
        assertThatThrownBy(() -> slots.enter(run(5))).isInstanceOf(RejectedExecutionException.class);
        assertThat(slots.leave()).isNull();
        assertThat(slots.enter(run(6))).as("a free slot").isTrue();
    }
}

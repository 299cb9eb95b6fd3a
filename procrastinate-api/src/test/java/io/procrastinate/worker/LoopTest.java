package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a loop outlives. */
class LoopTest {

    private static final Duration BOUND = Duration.ofSeconds(30);

    private final Semaphore steps = new Semaphore(0);
    private final List<Loop> loops = new ArrayList<>();

    @AfterEach
    void stop() {
        loops.forEach(Loop::stop);
        assertThat(loops).allMatch(loop -> loop.awaitEnd(BOUND));
    }

    private Loop start(Loop loop) {
        loops.add(loop);
        loop.start();
        return loop;
    }

    private void awaitSteps(int count) throws InterruptedException {
        assertThat(steps.tryAcquire(count, BOUND.toSeconds(), TimeUnit.SECONDS))
                .as("%s steps", count)
                .isTrue();
    }

    @Test
    void goesOnWhereTellingOfAFailureFails() throws InterruptedException {
        start(new Loop(
                "worker",
                "trying",
                () -> {
                    steps.release();
                    throw new IllegalStateException("the step");
                },
                failing -> {
                    throw new OutOfMemoryError("telling of it");
                }));

        awaitSteps(2);
    }

    @Test
    void canBeWokenFromAPauseThatIsLongerThanAClockCounts() throws InterruptedException {
        Loop loop = start(new Loop("worker", "watching", () -> {
            steps.release();
            return Duration.ofDays(200_000);
        }));
        awaitSteps(1);

        loop.wake();

        awaitSteps(1);
        assertThat(loop.problem()).isEmpty();
    }
}

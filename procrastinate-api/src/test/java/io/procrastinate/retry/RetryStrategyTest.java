package io.procrastinate.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.exception.JobStalledException;
import io.procrastinate.job.Job;
import io.procrastinate.job.RetryDecision;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetryStrategyTest {

    private final RuntimeException failure = new IllegalStateException("failed");

    /** The delay is {@code wait + linearWait * attempts + exponentialWait ^ (attempts + 1)} seconds. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, 0, 0",
        "0, 0, 0, 5, 0",
        "5, 0, 0, 0, 5",
        "5, 0, 0, 9, 5",
        "0, 5, 0, 0, 0",
        "0, 5, 0, 1, 5",
        "0, 5, 0, 2, 10",
        "0, 0, 5, 0, 5",
        "0, 0, 5, 1, 25",
        "0, 0, 5, 2, 125",
        "0, 0, 1, 7, 1",
        "1, 2, 3, 0, 4",
        "1, 2, 3, 1, 12",
        "1, 2, 3, 4, 252"
    })
    void waitsByTheFormula(long wait, long linear, long exponential, int attempts, long seconds) {
        RetryStrategy strategy = RetryStrategy.builder()
                .wait(Duration.ofSeconds(wait))
                .linearWait(Duration.ofSeconds(linear))
                .exponentialWait(Duration.ofSeconds(exponential))
                .build();

        assertThat(strategy.decide(failure, job(attempts))).isEqualTo(RetryDecision.in(Duration.ofSeconds(seconds)));
    }

    @Test
    void countsFractionsOfASecond() {
        RetryStrategy strategy = RetryStrategy.builder()
                .wait(Duration.ofMillis(250))
                .linearWait(Duration.ofMillis(500))
                .build();

        assertThat(strategy.decide(failure, job(3))).isEqualTo(RetryDecision.in(Duration.ofMillis(1750)));
    }

    @Test
    void neverOverflows() {
        RetryDecision decision = RetryStrategy.builder()
                .exponentialWait(Duration.ofSeconds(10))
                .build()
                .decide(failure, job(Integer.MAX_VALUE - 1));

        assertThat(decision).isNotNull();
        assertThat(decision.in()).isEqualTo(Duration.ofDays(3_652_059));
    }

    @Test
    void runsAJobAgainUpToANumberOfTimes() {
        RetryStrategy twice = RetryStrategy.times(2);

        assertThat(twice.decide(failure, job(0))).isEqualTo(RetryDecision.in(Duration.ZERO));
        assertThat(twice.decide(failure, job(1))).isNotNull();
        assertThat(twice.decide(failure, job(2))).isNull();
        assertThat(twice.decide(failure, job(3))).isNull();
    }

    @Test
    void runsAJobAgainForEverOrNever() {
        assertThat(RetryStrategy.forever().decide(failure, job(1_000_000))).isEqualTo(RetryDecision.now());
        assertThat(RetryStrategy.builder().build().decide(failure, job(1_000_000)))
                .isNotNull();
        assertThat(RetryStrategy.never().decide(failure, job(0))).isNull();
    }

    @Test
    void looksAtTheClassOfTheFailure() {
        RetryStrategy strategy =
                RetryStrategy.builder().on(List.of(IOException.class)).build();

        assertThat(strategy.decide(new IOException(), job(0))).isNotNull();
        assertThat(strategy.decide(new FileNotFoundException(), job(0))).isNotNull();
        assertThat(strategy.decide(failure, job(0))).isNull();
        assertThat(strategy.decide(new JobStalledException("dead worker"), job(0)))
                .isNotNull();
    }

    @Test
    void refusesNegativeDelaysAndNoTimes() {
        RetryStrategy.Builder builder = RetryStrategy.builder();
        Duration negative = Duration.ofNanos(-1);

        assertThatThrownBy(() -> builder.wait(negative)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.linearWait(negative)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.exponentialWait(negative)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RetryStrategy.times(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RetryStrategy.times(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void decidesMoreThanTheTime() {
        RetryDecision decision =
                RetryDecision.at(Instant.EPOCH).priority(3).queue("q").lock("l");

        assertThat(decision)
                .hasToString("RetryDecision[at=" + Instant.EPOCH + ", in=null, priority=3, queue=q, lock=l]")
                .isEqualTo(RetryDecision.at(Instant.EPOCH).lock("l").queue("q").priority(3))
                .isNotEqualTo(RetryDecision.now().priority(3).queue("q").lock("l"));
    }

    @Test
    void checksWhatIsDecided() {
        assertThatThrownBy(() -> RetryDecision.at(Instant.MAX)).isInstanceOf(InvalidJobException.class);
        assertThatThrownBy(() -> RetryDecision.now().queue("x".repeat(41))).isInstanceOf(InvalidJobException.class);
        assertThatThrownBy(() -> RetryDecision.now().lock("a\0b")).isInstanceOf(InvalidJobException.class);
    }

    @Test
    void isOneLambda() {
        RetryStrategy own = (ignored, job) -> job.attempts() < 1 ? RetryDecision.now() : null;

        assertThat(own.decide(failure, job(0))).isEqualTo(RetryDecision.now());
        assertThat(own.decide(failure, job(1))).isNull();
    }

    private static Job job(int attempts) {
        @Nullable Instant scheduledAt = null;
        return Job.builder(1, "t")
                .queue("q")
                .scheduledAt(scheduledAt)
                .attempts(attempts)
                .workerId(1L)
                .build();
    }
}

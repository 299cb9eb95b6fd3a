package io.procrastinate.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BackoffTest {

    @ParameterizedTest
    @CsvSource({"-1, 100", "0, 100", "1, 100", "2, 200", "3, 400", "5, 1600", "6, 2000", "100, 2000", "2147483647, 2000"
    })
    void doublesWithJitterUpToTheCap(int failures, long mostMillis) {
        for (int i = 0; i < 200; i++) {
            assertThat(Backoff.RECONNECT.after(failures))
                    .isBetween(Duration.ofMillis(mostMillis / 2), Duration.ofMillis(mostMillis));
        }
    }

    @Test
    void doesNotOverflow() {
        Backoff backoff = new Backoff(Duration.ofDays(1), Duration.ofDays(100_000));

        assertThat(backoff.after(60)).isBetween(Duration.ofDays(1), Duration.ofDays(100_000));
    }

    @Test
    void takesDelaysThatLastForEver() {
        Duration forEver = ChronoUnit.FOREVER.getDuration();

        assertThat(new Backoff(forEver, forEver).after(1)).isBetween(Durations.FOREVER.dividedBy(2), Durations.FOREVER);
    }

    @Test
    void refusesBoundsThatMakeNoSense() {
        Duration second = Duration.ofSeconds(1);

        assertThatThrownBy(() -> new Backoff(Duration.ZERO, second)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Backoff(second.negated(), second)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Backoff(second, second.minusNanos(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("PT1S");
    }
}

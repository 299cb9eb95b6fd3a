package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class SteadinessTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final Steadiness steadiness = new Steadiness(Duration.ofSeconds(10), Duration.ofSeconds(30));

    private void beatEveryTenSeconds(long from, long to) {
        for (long second = from; second <= to; second += 10) {
            steadiness.beat(second * SECOND);
        }
    }

    @Test
    void isNotSteadyBeforeItHasBeatenLongEnough() {
        assertThat(steadiness.isSteady(0)).isFalse();
        beatEveryTenSeconds(5, 25);
        assertThat(steadiness.isSteady(34 * SECOND)).isFalse();
        assertThat(steadiness.isSteady(35 * SECOND)).isTrue();
    }

    @Test
    void isNotSteadyWhileBeatsAreMissing() {
        beatEveryTenSeconds(0, 100);
        assertThat(steadiness.isSteady(120 * SECOND)).isTrue();
        assertThat(steadiness.isSteady(121 * SECOND)).isFalse();
    }

    @Test
    void beginsAnewAfterAGapInWhichOthersMayHaveSeemedDead() {
        beatEveryTenSeconds(0, 100);
        beatEveryTenSeconds(121, 141);
        assertThat(steadiness.isSteady(150 * SECOND)).isFalse();
        assertThat(steadiness.isSteady(151 * SECOND)).isTrue();
    }

    @Test
    void forgivesABeatThatCameLate() {
        beatEveryTenSeconds(0, 100);
        beatEveryTenSeconds(119, 129);
        assertThat(steadiness.isSteady(130 * SECOND)).isTrue();
    }
}

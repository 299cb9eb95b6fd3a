package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class SteadinessTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final long MICROS = 1_000_000;

    private final Steadiness steadiness = new Steadiness(Duration.ofSeconds(10), Duration.ofSeconds(30));

    private void beatEveryTenSeconds(long from, long to) {
        for (long second = from; second <= to; second += 10) {
            steadiness.beat(second * SECOND, second * MICROS);
        }
    }

    @Test
    void isNotSteadyBeforeItHasBeatenLongEnough() {
        assertThat(steadiness.warrant(0)).isNull();
        beatEveryTenSeconds(5, 25);
        assertThat(steadiness.warrant(34 * SECOND)).isNull();
        assertThat(steadiness.warrant(35 * SECOND)).isNotNull();
    }

    @Test
    void isNotSteadyWhileBeatsAreMissing() {
        beatEveryTenSeconds(0, 100);
        assertThat(steadiness.warrant(120 * SECOND)).isNotNull();
        assertThat(steadiness.warrant(121 * SECOND)).isNull();
    }

    @Test
    void beginsAnewAfterAGapInWhichOthersMayHaveSeemedDead() {
        beatEveryTenSeconds(0, 100);
        beatEveryTenSeconds(121, 141);
        assertThat(steadiness.warrant(150 * SECOND)).isNull();
        assertThat(steadiness.warrant(151 * SECOND)).isNotNull();
    }

    @Test
    void forgivesABeatThatCameLate() {
        beatEveryTenSeconds(0, 100);
        beatEveryTenSeconds(119, 129);
        assertThat(steadiness.warrant(130 * SECOND)).isNotNull();
    }

    @Test
    void mayCallOthersDeadAsLongAfterItsLastBeatAsItIsSteady() {
        beatEveryTenSeconds(0, 100);
        assertThat(steadiness.warrant(119 * SECOND)).isEqualTo(new Warrant(Duration.ofSeconds(30), 120 * MICROS));
    }
}

package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RescueGuardTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final long MICROS = 1_000_000;

    private final RescueGuard rescueGuard = new RescueGuard(Duration.ofSeconds(10), Duration.ofSeconds(30));

    private void beatEveryTenSeconds(long from, long to) {
        for (long second = from; second <= to; second += 10) {
            rescueGuard.beat(second * SECOND, second * MICROS);
        }
    }

    @Test
    void isNotSteadyBeforeItHasBeatenLongEnough() {
        assertThat(rescueGuard.permit(0)).isNull();
        beatEveryTenSeconds(5, 25);
        assertThat(rescueGuard.permit(34 * SECOND)).isNull();
        assertThat(rescueGuard.permit(35 * SECOND)).isNotNull();
    }

    @Test
    void isNotSteadyWhileBeatsAreMissing() {
        beatEveryTenSeconds(0, 100);
        assertThat(rescueGuard.permit(120 * SECOND)).isNotNull();
        assertThat(rescueGuard.permit(121 * SECOND)).isNull();
    }

    @Test
    void beginsAnewAfterAGapInWhichOthersMayHaveSeemedDead() {
        beatEveryTenSeconds(0, 100);
        beatEveryTenSeconds(121, 141);
        assertThat(rescueGuard.permit(150 * SECOND)).isNull();
        assertThat(rescueGuard.permit(151 * SECOND)).isNotNull();
    }

    @Test
    void forgivesABeatThatCameLate() {
        beatEveryTenSeconds(0, 100);
        beatEveryTenSeconds(119, 129);
        assertThat(rescueGuard.permit(130 * SECOND)).isNotNull();
    }

    @Test
    void mayCallOthersDeadAsLongAfterItsLastBeatAsItIsSteady() {
        beatEveryTenSeconds(0, 100);
        assertThat(rescueGuard.permit(119 * SECOND))
                .isEqualTo(new RescueGuard.Permit(Duration.ofSeconds(30), 120 * MICROS));
    }
}

package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** A worker that listens finds out whether notifications come. */
class NotificationProbeTest {

    private static final Duration MOMENT = Duration.ofMillis(1);

    private final List<String> sent = new ArrayList<>();
    private long now;
    private Consumer<String> send = sent::add;
    private final NotificationProbe probe =
            new NotificationProbe(WorkerOptions.builder().build(), channel -> send.accept(channel), () -> now);

    private void pass(Duration time) {
        now += time.toNanos();
    }

    @Test
    void asksNothingWhileNothingListens() {
        assertThat(probe.step()).isGreaterThan(Duration.ofHours(1));
        probe.listens();
        probe.lost();
        assertThat(probe.step()).isGreaterThan(Duration.ofHours(1));
        assertThat(sent).isEmpty();
    }

    @Test
    void sendsOneEachTimeAConnectionListens() {
        probe.listens();
        assertThat(probe.step()).isEqualTo(NotificationProbe.LIMIT);
        probe.received();
        probe.lost();
        probe.listens();
        assertThat(probe.step()).isEqualTo(NotificationProbe.LIMIT);
        assertThat(sent).containsExactly(probe.channel(), probe.channel());
    }

    @Test
    void sendsSeldomWhileItHears() {
        probe.listens();
        probe.step();
        probe.received();
        assertThat(probe.step()).isEqualTo(NotificationProbe.TRUST);
        pass(NotificationProbe.TRUST.minus(MOMENT));
        probe.received(); // whatever it was
        pass(MOMENT);
        assertThat(probe.step()).isEqualTo(NotificationProbe.TRUST.minus(MOMENT));
        assertThat(sent).hasSize(1);
        pass(NotificationProbe.TRUST);
        probe.step();
        assertThat(sent).hasSize(2);
        assertThat(probe.problem()).isEmpty();
    }

    @Test
    void reportsAProblemWhileNothingArrivesAndNoneOnceSomethingDoes() {
        probe.listens();
        probe.step();
        pass(NotificationProbe.LIMIT.minus(MOMENT));
        assertThat(probe.step()).isEqualTo(MOMENT);
        assertThat(probe.problem()).isEmpty();
        pass(MOMENT);
        assertThat(probe.step()).isEqualTo(NotificationProbe.WHILE_MISSING);
        assertThat(probe.problem())
                .hasValueSatisfying(
                        problem -> assertThat(problem.toString())
                                .startsWith(
                                        "listening for notifications failed: one that the worker sent to itself did not arrive"));
        pass(NotificationProbe.WHILE_MISSING);
        assertThat(probe.step()).isEqualTo(NotificationProbe.LIMIT);
        assertThat(sent).hasSize(2);
        assertThat(probe.problem()).isPresent();
        probe.received();
        assertThat(probe.problem()).isEmpty();
    }

    @Test
    void aConnectionThatIsLostHasAnotherProblem() {
        probe.listens();
        probe.step();
        pass(NotificationProbe.LIMIT);
        probe.step();
        assertThat(probe.problem()).isPresent();
        probe.lost();
        assertThat(probe.problem()).isEmpty();
    }

    @Test
    void doesNotWaitForWhatCouldNotBeSent() {
        probe.listens();
        send = channel -> {
            throw new IllegalStateException("the database is away");
        };
        assertThatThrownBy(probe::step).isInstanceOf(IllegalStateException.class);
        pass(NotificationProbe.LIMIT);
        send = sent::add;
        assertThat(probe.step()).isEqualTo(NotificationProbe.LIMIT);
        assertThat(sent).hasSize(1);
        assertThat(probe.problem()).isEmpty();
    }

    @Test
    void hearsItselfWhileItIsStillSending() {
        probe.listens();
        send = channel -> probe.received();
        probe.step();
        pass(NotificationProbe.LIMIT);
        probe.step();
        assertThat(probe.problem()).isEmpty();
    }
}

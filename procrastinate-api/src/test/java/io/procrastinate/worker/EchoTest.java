package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** A worker that listens finds out whether notifications come. */
class EchoTest {

    private static final Duration MOMENT = Duration.ofMillis(1);

    private final List<String> sent = new ArrayList<>();
    private long now;
    private Consumer<String> send = sent::add;
    private final Echo echo = new Echo(WorkerOptions.builder().build(), channel -> send.accept(channel), () -> now);

    private void pass(Duration time) {
        now += time.toNanos();
    }

    @Test
    void asksNothingWhileNothingListens() {
        assertThat(echo.step()).isGreaterThan(Duration.ofHours(1));
        echo.listens();
        echo.lost();
        assertThat(echo.step()).isGreaterThan(Duration.ofHours(1));
        assertThat(sent).isEmpty();
    }

    @Test
    void sendsOneEachTimeAConnectionListens() {
        echo.listens();
        assertThat(echo.step()).isEqualTo(Echo.LIMIT);
        echo.heard();
        echo.lost();
        echo.listens();
        assertThat(echo.step()).isEqualTo(Echo.LIMIT);
        assertThat(sent).containsExactly(echo.channel(), echo.channel());
    }

    @Test
    void sendsSeldomWhileItHears() {
        echo.listens();
        echo.step();
        echo.heard();
        assertThat(echo.step()).isEqualTo(Echo.TRUST);
        pass(Echo.TRUST.minus(MOMENT));
        echo.heard(); // whatever it was
        pass(MOMENT);
        assertThat(echo.step()).isEqualTo(Echo.TRUST.minus(MOMENT));
        assertThat(sent).hasSize(1);
        pass(Echo.TRUST);
        echo.step();
        assertThat(sent).hasSize(2);
        assertThat(echo.problem()).isEmpty();
    }

    @Test
    void isDeafWhereNothingComesAndHearsAgainWhenSomethingDoes() {
        echo.listens();
        echo.step();
        pass(Echo.LIMIT.minus(MOMENT));
        assertThat(echo.step()).isEqualTo(MOMENT);
        assertThat(echo.problem()).isEmpty();
        pass(MOMENT);
        assertThat(echo.step()).isEqualTo(Echo.WHILE_DEAF);
        assertThat(echo.problem())
                .hasValueSatisfying(problem -> assertThat(problem.toString())
                        .startsWith("hearing notifications failed: one that the worker sent to itself was not heard"));
        pass(Echo.WHILE_DEAF);
        assertThat(echo.step()).isEqualTo(Echo.LIMIT);
        assertThat(sent).hasSize(2);
        assertThat(echo.problem()).isPresent();
        echo.heard();
        assertThat(echo.problem()).isEmpty();
    }

    @Test
    void aConnectionThatIsLostHasAnotherProblem() {
        echo.listens();
        echo.step();
        pass(Echo.LIMIT);
        echo.step();
        assertThat(echo.problem()).isPresent();
        echo.lost();
        assertThat(echo.problem()).isEmpty();
    }

    @Test
    void doesNotWaitForWhatCouldNotBeSent() {
        echo.listens();
        send = channel -> {
            throw new IllegalStateException("the database is away");
        };
        assertThatThrownBy(echo::step).isInstanceOf(IllegalStateException.class);
        pass(Echo.LIMIT);
        send = sent::add;
        assertThat(echo.step()).isEqualTo(Echo.LIMIT);
        assertThat(sent).hasSize(1);
        assertThat(echo.problem()).isEmpty();
    }

    @Test
    void hearsItselfWhileItIsStillSending() {
        echo.listens();
        send = channel -> echo.heard();
        echo.step();
        pass(Echo.LIMIT);
        echo.step();
        assertThat(echo.problem()).isEmpty();
    }
}

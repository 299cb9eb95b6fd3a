package io.procrastinate.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.exception.InvalidJobException;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NewJobTest {

    private static final NewJob JOB = NewJob.of("t").queue("q");

    @Test
    void takesAQueueOfFortyBytes() {
        assertThat(JOB.queue("x".repeat(40)).queue()).hasSize(40);
        assertThat(JOB.queue("ü".repeat(20)).queue()).hasSize(20);
        assertThat(JOB.queue("").queue()).isEmpty();
    }

    @Test
    void refusesALongerQueueByItsBytes() {
        assertThatThrownBy(() -> JOB.queue("x".repeat(41)))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("41 bytes")
                .hasMessageContaining("at most 40");
        assertThatThrownBy(() -> JOB.queue("x" + "ü".repeat(20))).hasMessageContaining("41 bytes");
        assertThatThrownBy(() -> JOB.queue("😀".repeat(11))).hasMessageContaining("44 bytes");
    }

    @Test
    void limitsTheTaskNameByCharacters() {
        assertThat(named("😀".repeat(128)).taskName()).isEqualTo("😀".repeat(128));
        assertThatThrownBy(() -> named("😀".repeat(129)))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("1 to 128 characters, it has 129");
        assertThatThrownBy(() -> named("")).isInstanceOf(InvalidJobException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\0b", "\ud83d", "\ude00x"})
    void refusesTextThatPostgresqlCannotStore(String text) {
        assertThatThrownBy(() -> JOB.queue(text)).isInstanceOf(InvalidJobException.class);
        assertThatThrownBy(() -> named(text)).isInstanceOf(InvalidJobException.class);
        assertThatThrownBy(() -> JOB.lock(text))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("The lock holds");
        assertThatThrownBy(() -> JOB.queueingLock(text))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("The queueing lock holds");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"0000-12-31T23:59:59.999999Z", "+10000-01-01T00:00:00Z", "+1000000000-12-31T23:59:59.999999999Z"
            })
    void refusesAnInstantOutsideTheYearsOneTo9999(Instant instant) {
        assertThatThrownBy(() -> JOB.at(instant))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining(instant.toString())
                .hasMessageContaining("years 1 to 9999");
        assertThatThrownBy(() -> RetryDecision.at(instant)).isInstanceOf(InvalidJobException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z"})
    void takesTheInstantsOfTheYearsOneTo9999(Instant instant) {
        assertThat(JOB.at(instant).at()).isEqualTo(instant);
    }

    @Test
    void refusesBothAtAndIn() {
        NewJob at = JOB.at(Instant.EPOCH);
        NewJob in = JOB.in(Duration.ofSeconds(1));

        assertThatThrownBy(() -> at.in(Duration.ofSeconds(1)))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("both at (1970-01-01T00:00:00Z) and in (PT1S)");
        assertThatThrownBy(() -> in.at(Instant.EPOCH)).isInstanceOf(InvalidJobException.class);
    }

    @ParameterizedTest
    @CsvSource({"PT0S, 0", "PT1S, 1000000", "PT0.000001S, 1", "PT0.0000009S, 0", "PT-1S, 0", "P10000D, 864000000000000"
    })
    void countsADelayInMicroseconds(Duration delay, long micros) {
        assertThat(NewJob.micros(delay)).isEqualTo(micros);
    }

    @Test
    void endsALongDelayWithTheYear9999() {
        Long micros = NewJob.micros(Duration.ofSeconds(Long.MAX_VALUE));

        assertThat(micros).isNotNull();
        assertThat(Instant.now().plusSeconds(micros / 1_000_000))
                .isBetween(Instant.parse("9999-12-30T00:00:00Z"), Instant.parse("9999-12-31T23:59:59Z"));
        assertThat(NewJob.micros(null)).isNull();
    }

    @Test
    void variesOneValueAtATime() {
        NewJob job = JOB.queue("other")
                .priority(-3)
                .lock("l")
                .queueingLock("ql")
                .args("{\"a\":1}")
                .at(Instant.EPOCH)
                .header("b", "2")
                .header("a", "1");

        assertThat(job)
                .hasToString("NewJob[queue=other, taskName=t, priority=-3, lock=l, queueingLock=ql, args={\"a\":1}, at="
                        + Instant.EPOCH + ", in=null, headers={a=1, b=2}]")
                .isNotEqualTo(JOB);
        assertThat(JOB)
                .isEqualTo(NewJob.of("t").queue("q"))
                .hasSameHashCodeAs(NewJob.of("t").queue("q"));
        assertThat(job.lock(null).queueingLock(null).lock()).isNull();
    }

    private static NewJob named(String taskName) {
        return NewJob.of(taskName).queue("q");
    }
}

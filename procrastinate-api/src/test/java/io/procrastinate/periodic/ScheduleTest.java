package io.procrastinate.periodic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScheduleTest {

    private static final ZoneId PARIS = ZoneId.of("Europe/Paris");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 0 1 * 1     | 2026-11-23T16:00:00Z | 2026-11-30T00:00:00Z, 2026-12-01T00:00:00Z, 2026-12-07T00:00:00Z",
                "0 0 */2 * mon | 2026-11-23T16:00:00Z | 2026-11-25T00:00:00Z, 2026-11-27T00:00:00Z, 2026-11-29T00:00:00Z, 2026-11-30T00:00:00Z",
                "0 12 * * 7    | 2026-11-23T16:00:00Z | 2026-11-29T12:00:00Z, 2026-12-06T12:00:00Z",
                "0 12 * * 0    | 2026-11-23T16:00:00Z | 2026-11-29T12:00:00Z, 2026-12-06T12:00:00Z",
                "0 12 * * 5-7  | 2026-11-23T16:00:00Z | 2026-11-27T12:00:00Z, 2026-11-28T12:00:00Z, 2026-11-29T12:00:00Z",
                "0 0 29 2 *    | 2026-11-23T16:00:00Z | 2028-02-29T00:00:00Z, 2032-02-29T00:00:00Z",
                "0 0 L * *     | 2026-11-23T16:00:00Z | 2026-11-30T00:00:00Z, 2026-12-31T00:00:00Z",
                "5/15 * * * *  | 2026-11-23T16:00:00Z | 2026-11-23T16:05:00Z, 2026-11-23T16:20:00Z",
                "0 22-1 * * *  | 2026-11-23T21:00:00Z | 2026-11-23T22:00:00Z, 2026-11-23T23:00:00Z, 2026-11-24T00:00:00Z, 2026-11-24T01:00:00Z, 2026-11-24T22:00:00Z",
                "* * * * * */20| 2026-11-23T16:00:00Z | 2026-11-23T16:00:20Z, 2026-11-23T16:00:40Z, 2026-11-23T16:01:00Z",
                "0 0 * * * 30  | 2026-11-23T16:00:00Z | 2026-11-24T00:00:30Z",
                "@hourly       | 2026-11-23T16:00:00Z | 2026-11-23T17:00:00Z, 2026-11-23T18:00:00Z",
                "@WEEKLY       | 2026-11-23T16:00:00Z | 2026-11-29T00:00:00Z",
            })
    void isDueWhenTheOriginalIs(String expression, Instant start, String expected) {
        List<String> wanted = List.of(expected.split(", "));
        assertThat(due(Schedule.cron(expression), start, wanted.size()))
                .extracting(Instant::toString)
                .isEqualTo(wanted);
    }

    @Test
    void aTimeThatTheClockSkipsIsDueAtTheShift() {
        Schedule schedule = Schedule.cron("30 2 * * *").zone(PARIS);
        assertThat(due(schedule, Instant.parse("2026-03-28T00:00:00Z"), 3))
                .containsExactly(
                        Instant.parse("2026-03-28T01:30:00Z"),
                        Instant.parse("2026-03-29T01:00:00Z"),
                        Instant.parse("2026-03-30T00:30:00Z"));
    }

    @Test
    void aTimeThatTheClockShowsTwiceIsDueOnce() {
        Schedule schedule = Schedule.cron("30 2 * * *").zone(PARIS);
        assertThat(due(schedule, Instant.parse("2026-10-24T12:00:00Z"), 2))
                .containsExactly(Instant.parse("2026-10-25T00:30:00Z"), Instant.parse("2026-10-26T01:30:00Z"));
        assertThat(schedule.after(Instant.parse("2026-10-25T01:10:00Z")))
                .hasValue(Instant.parse("2026-10-26T01:30:00Z"));
        assertThat(schedule.atOrBefore(Instant.parse("2026-10-25T01:10:00Z")))
                .hasValue(Instant.parse("2026-10-25T00:30:00Z"));
    }

    @Test
    void aScheduleOfEveryHourFollowsTimeNotTheClock() {
        Schedule schedule = Schedule.cron("*/30 * * * *").zone(PARIS);
        assertThat(due(schedule, Instant.parse("2026-10-24T23:45:00Z"), 7))
                .containsExactly(every30Minutes("2026-10-25T00:00:00Z", 7));
        assertThat(due(schedule, Instant.parse("2026-03-29T00:15:00Z"), 5))
                .containsExactly(every30Minutes("2026-03-29T00:30:00Z", 5));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"*/30 * * * *", "30 2 * * *", "0 0-3 * * *", "15 */2 * * *", "0 12 * * mon", "*/7 1,2 * * *"})
    void lookingBackFindsWhatLookingAheadFound(String expression) {
        for (String start : List.of("2026-03-28T00:00:00Z", "2026-10-24T12:00:00Z", "2026-06-01T00:00:00Z")) {
            Schedule schedule = Schedule.cron(expression).zone(PARIS);
            List<Instant> ahead = due(schedule, Instant.parse(start), 60);
            assertThat(ahead).isSorted().doesNotHaveDuplicates();
            for (int index = 1; index < ahead.size(); index++) {
                assertThat(schedule.atOrBefore(ahead.get(index))).hasValue(ahead.get(index));
                assertThat(schedule.atOrBefore(ahead.get(index).minusSeconds(1)))
                        .hasValue(ahead.get(index - 1));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "* * * *", "* * * * * * *", "60 * * * *", "* * 32 * *", "nonsense", "0 0 31 4 *", "@never"})
    void anExpressionThatIsNoneIsRefusedByName(String expression) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Schedule.cron(expression))
                .withMessageContaining("'" + expression + "'");
    }

    private static List<Instant> due(Schedule schedule, Instant start, int count) {
        List<Instant> due = new ArrayList<>();
        Instant instant = start;
        for (int index = 0; index < count; index++) {
            instant = schedule.after(instant).orElseThrow();
            due.add(instant);
        }
        return due;
    }

    private static Instant[] every30Minutes(String first, int count) {
        return Stream.iterate(Instant.parse(first), instant -> instant.plusSeconds(1800))
                .limit(count)
                .toArray(Instant[]::new);
    }
}

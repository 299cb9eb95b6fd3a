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
                "0 0 1 * 1     | 2026-11-23T16:00:00Z | 2026-11-30T00:00:00Z, 2026-12-01T00:00:00Z,"
                        + " 2026-12-07T00:00:00Z",
                "0 0 */2 * mon | 2026-11-23T16:00:00Z | 2026-11-25T00:00:00Z, 2026-11-27T00:00:00Z,"
                        + " 2026-11-29T00:00:00Z, 2026-11-30T00:00:00Z",
                "0 12 * * 7    | 2026-11-23T16:00:00Z | 2026-11-29T12:00:00Z, 2026-12-06T12:00:00Z",
                "0 12 * * 0    | 2026-11-23T16:00:00Z | 2026-11-29T12:00:00Z, 2026-12-06T12:00:00Z",
                "0 12 * * 5-7  | 2026-11-23T16:00:00Z | 2026-11-27T12:00:00Z, 2026-11-28T12:00:00Z,"
                        + " 2026-11-29T12:00:00Z",
                "0 0 29 2 *    | 2026-11-23T16:00:00Z | 2028-02-29T00:00:00Z, 2032-02-29T00:00:00Z",
                "0 0 L * *     | 2026-11-23T16:00:00Z | 2026-11-30T00:00:00Z, 2026-12-31T00:00:00Z",
                "5/15 * * * *  | 2026-11-23T16:00:00Z | 2026-11-23T16:05:00Z, 2026-11-23T16:20:00Z",
                "0 22-1 * * *  | 2026-11-23T21:00:00Z | 2026-11-23T22:00:00Z, 2026-11-23T23:00:00Z,"
                        + " 2026-11-24T00:00:00Z, 2026-11-24T01:00:00Z, 2026-11-24T22:00:00Z",
                "* * * * * */20| 2026-11-23T16:00:00Z | 2026-11-23T16:00:20Z, 2026-11-23T16:00:40Z,"
                        + " 2026-11-23T16:01:00Z",
                "0 0 * * * 30  | 2026-11-23T16:00:00Z | 2026-11-24T00:00:30Z",
                "0 8 1 NOV-FEB *| 2026-11-23T16:00:00Z | 2026-12-01T08:00:00Z, 2027-01-01T08:00:00Z,"
                        + " 2027-02-01T08:00:00Z, 2027-11-01T08:00:00Z",
                "0 8 1 11-2 *  | 2026-11-23T16:00:00Z | 2026-12-01T08:00:00Z, 2027-01-01T08:00:00Z,"
                        + " 2027-02-01T08:00:00Z, 2027-11-01T08:00:00Z",
                "0 8 1 nov-mar/2 *| 2026-11-23T16:00:00Z | 2027-01-01T08:00:00Z, 2027-03-01T08:00:00Z,"
                        + " 2027-11-01T08:00:00Z",
                "0 8 1 APR-JAN/3 *| 2026-11-23T16:00:00Z | 2027-01-01T08:00:00Z, 2027-04-01T08:00:00Z,"
                        + " 2027-07-01T08:00:00Z",
                "0 8 1 dec/3 * | 2026-11-23T16:00:00Z | 2026-12-01T08:00:00Z, 2027-12-01T08:00:00Z",
                "0 8 * * FRI-MON| 2026-11-23T16:00:00Z | 2026-11-27T08:00:00Z, 2026-11-28T08:00:00Z,"
                        + " 2026-11-29T08:00:00Z, 2026-11-30T08:00:00Z, 2026-12-04T08:00:00Z",
                "0 8 * * 5-1   | 2026-11-23T16:00:00Z | 2026-11-27T08:00:00Z, 2026-11-28T08:00:00Z,"
                        + " 2026-11-29T08:00:00Z, 2026-11-30T08:00:00Z, 2026-12-04T08:00:00Z",
                "0 8 * * fri-mon/2| 2026-11-23T16:00:00Z | 2026-11-27T08:00:00Z, 2026-11-29T08:00:00Z,"
                        + " 2026-12-04T08:00:00Z",
                "0 8 * * 1/2   | 2026-11-23T16:00:00Z | 2026-11-25T08:00:00Z, 2026-11-27T08:00:00Z,"
                        + " 2026-11-30T08:00:00Z",
                "0 8 * * mon/3 | 2026-11-23T16:00:00Z | 2026-11-26T08:00:00Z, 2026-11-30T08:00:00Z",
                "0 8 * * 7/3   | 2026-11-23T16:00:00Z | 2026-11-25T08:00:00Z, 2026-11-28T08:00:00Z,"
                        + " 2026-11-29T08:00:00Z",
                "0 8 * * 0-7/2 | 2026-11-23T16:00:00Z | 2026-11-24T08:00:00Z, 2026-11-26T08:00:00Z,"
                        + " 2026-11-28T08:00:00Z, 2026-11-29T08:00:00Z",
                "0 8 * * */2,mon| 2026-11-23T16:00:00Z | 2026-11-24T08:00:00Z, 2026-11-26T08:00:00Z,"
                        + " 2026-11-28T08:00:00Z, 2026-11-29T08:00:00Z, 2026-11-30T08:00:00Z",
                "0 22-6/2 * * *| 2026-11-24T01:00:00Z | 2026-11-24T02:00:00Z, 2026-11-24T04:00:00Z,"
                        + " 2026-11-24T06:00:00Z, 2026-11-24T22:00:00Z, 2026-11-25T00:00:00Z",
                "59/15 * * * * | 2026-11-23T16:00:00Z | 2026-11-23T16:59:00Z, 2026-11-23T17:59:00Z",
                "0 0 28-L * ?  | 2026-11-23T16:00:00Z | 2026-11-28T00:00:00Z, 2026-11-29T00:00:00Z,"
                        + " 2026-11-30T00:00:00Z, 2026-12-28T00:00:00Z",
                "0 0 ? * fri#2 | 2026-11-23T16:00:00Z | 2026-12-11T00:00:00Z, 2027-01-08T00:00:00Z",
                "0 0 * * L5,1#1| 2026-11-23T16:00:00Z | 2026-11-27T00:00:00Z, 2026-12-07T00:00:00Z,"
                        + " 2026-12-25T00:00:00Z",
                "0 0 15W * *   | 2026-11-23T16:00:00Z | 2026-12-15T00:00:00Z, 2027-01-15T00:00:00Z,"
                        + " 2027-02-15T00:00:00Z",
                "0 0 w31 * *   | 2026-11-23T16:00:00Z | 2026-11-30T00:00:00Z, 2026-12-31T00:00:00Z,"
                        + " 2027-01-29T00:00:00Z",
                "0 0 1-31 * mon| 2026-11-23T16:00:00Z | 2026-11-24T00:00:00Z, 2026-11-25T00:00:00Z",
                "0 0 1-31 * */6| 2026-11-23T16:00:00Z | 2026-11-28T00:00:00Z, 2026-11-29T00:00:00Z,"
                        + " 2026-12-05T00:00:00Z",
                "0 0 31 4 sun  | 2026-11-23T16:00:00Z | 2027-04-04T00:00:00Z, 2027-04-11T00:00:00Z",
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

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 8 * NOV-MAR/3 *   | month 'nov-mar/3' has a step that does not meet the beginning",
                "0 22-6/3 * * *      | hour '22-6/3' has a step that does not meet the beginning",
                "0 0 * MAY-MAY *     | month 'may-may' begins and ends with the same value",
                "5-5 * * * *         | minute '5-5' begins and ends with the same value",
                "0 0 * * 7-7         | day of the week '7-7' begins and ends with the same value",
                "0 0 0 * *           | day of the month '0' is outside 1 to 31",
                "0 0 * * 8           | day of the week '8' is outside 0 to 7",
                "0 0 * foo *         | month 'foo' has 'foo', which is not a number, nor one of jan",
                "0 0 * * 5L          | day of the week '5l' has '5l', which is not a number",
                "0 0 * * fri#6       | day of the week 'fri#6' has a number outside 1 to 5",
                "0 0 * * fri#1,mon   | day of the week 'fri#1,mon' mixes",
                "0 0 1 * fri#1       | day of the week 'fri#1' cannot be combined with the day of the month '1'",
                "0 0 15W * mon       | day of the month '15w' cannot be combined with the day of the week 'mon'",
                "0 0 1,15W * *       | day of the month '1,15w' has W in a list",
                "? * * * *           | minute '?' is not a value, range or step",
                "H * * * *           | minute 'h' has 'h', which is not a number",
                "*/0 * * * *         | minute '*/0' has the step 0",
                "1,,2 * * * *        | minute '' is not a value, range or step",
                "0 0 99999999999 * * | day of the month '99999999999' has '99999999999', which is not a number",
            })
    void theErrorNamesTheFieldAndWhy(String expression, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Schedule.cron(expression))
                .withMessageContaining("'" + expression + "'")
                .withMessageContaining(message);
    }

    @Test
    void looksAtTheYearsOneTo9999() {
        Schedule daily = Schedule.cron("@daily");
        assertThat(daily.after(Instant.MAX)).isEmpty();
        assertThat(daily.atOrBefore(Instant.MIN)).isEmpty();
        assertThat(daily.after(Instant.MIN)).hasValue(Instant.parse("0001-01-01T00:00:00Z"));
        assertThat(daily.atOrBefore(Instant.MAX)).hasValue(Instant.parse("9999-12-31T00:00:00Z"));
        assertThat(Schedule.cron("0 * * * *").zone(PARIS).atOrBefore(Instant.MAX))
                .hasValue(Instant.parse("9999-12-31T23:00:00Z"));
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

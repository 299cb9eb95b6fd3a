package io.procrastinate.json.jackson2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.json.JsonCodec;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every codec promises, whatever library it uses. */
abstract class CodecContract {

    abstract JsonCodec codec();

    enum Colour {
        RED
    }

    record Inner(List<BigDecimal> amounts, Colour colour) {}

    record Outer(
            long id, String name, Inner inner, @Nullable String optional) {}

    record Times(
            Instant instant,
            LocalDate day,
            OffsetDateTime zoned,
            Duration duration,
            UUID uuid,
            Optional<String> maybe) {}

    record Primitives(int number, boolean flag) {}

    record Exact(BigDecimal decimal, BigInteger whole, double real, long big) {}

    @Test
    void bringsBackWhatItWrote() {
        Outer outer = new Outer(
                Long.MAX_VALUE,
                "ü\n\"\\😀\u2028日本",
                new Inner(
                        List.of(new BigDecimal("1.10"), new BigDecimal("12345678901234567890.123456789")), Colour.RED),
                null);

        assertThat(codec().read(codec().write(outer), Outer.class)).isEqualTo(outer);
    }

    @Test
    void writesTimesAsText() {
        Times times = new Times(
                Instant.parse("2026-01-02T03:04:05.123456789Z"),
                LocalDate.of(2026, 1, 2),
                OffsetDateTime.parse("2026-01-02T03:04:05Z"),
                Duration.ofMillis(1500),
                new UUID(1, 2),
                Optional.of("x"));

        String json = codec().write(times);

        assertThat(json)
                .contains(
                        "\"2026-01-02T03:04:05.123456789Z\"",
                        "\"2026-01-02\"",
                        "\"2026-01-02T03:04:05Z\"",
                        "\"PT1.5S\"",
                        "\"00000000-0000-0001-0000-000000000002\"",
                        "\"x\"");
        assertThat(codec().read(json, Times.class)).isEqualTo(times);
    }

    @Test
    void keepsTheOffsetOfATime() {
        OffsetDateTime time = OffsetDateTime.parse("2026-01-02T03:04:05.123456+05:30");

        assertThat(codec().read(codec().write(time), OffsetDateTime.class)).isEqualTo(time);
    }

    @Test
    void readsTimesAndDurationsAsPythonWritesThem() {
        assertThat(codec().read("\"2026-01-02T03:04:05.123456+02:00\"", Instant.class))
                .isEqualTo(Instant.parse("2026-01-02T01:04:05.123456Z"));
        assertThat(codec().read("90.5", Duration.class)).isEqualTo(Duration.ofMillis(90_500));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1",
                "1.0",
                "1.10",
                "-0.1",
                "0.1",
                "9007199254740993",
                "9223372036854775807",
                "-9223372036854775809",
                "123456789012345678901234567890",
                "3.14159265358979323846264338327950288",
                "12345678901234567890.5",
                "0.000000000000000000001"
            })
    void keepsNumbersAsTheyAreOnTheWayThroughAMap(String number) {
        String json = "{\"n\":" + number + "}";

        assertThat(codec().write(codec().read(json, Map.class))).isEqualTo(json);
        assertThat(codec().convert(map(json), Map.class)).isEqualTo(map(json));
    }

    @Test
    void tellsWholeNumbersFromDecimals() {
        assertThat(map("{\"a\": 1, \"b\": 1.0, \"c\": 9007199254740993}"))
                .containsEntry("a", 1)
                .containsEntry("b", new BigDecimal("1.0"))
                .containsEntry("c", 9007199254740993L);
    }

    @Test
    void keepsExactTypesExact() {
        Exact exact = new Exact(
                new BigDecimal("1E+3"), new BigInteger("-123456789012345678901234567890"), 0.1, Long.MIN_VALUE);
        String json = codec().write(exact);

        assertThat(json).contains("\"decimal\":1000,").contains("\"real\":0.1,");
        Exact read = (Exact) codec().read(json, Exact.class);
        assertThat(read).isNotNull();
        assertThat(read.decimal()).isEqualByComparingTo(exact.decimal());
        assertThat(read.whole()).isEqualTo(exact.whole());
        assertThat(read.real()).isEqualTo(0.1);
        assertThat(read.big()).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void keepsNullsAndTheOrderOfAMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("z", null);
        map.put("a", List.of());
        map.put("m", Map.of("n", true));

        String json = codec().write(map);

        assertThat(json).isEqualTo("{\"z\":null,\"a\":[],\"m\":{\"n\":true}}");
        assertThat(codec().read(json, Map.class)).isEqualTo(map);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"number\": 1, \"flag\": true, \"extra\": 1}",
                "{\"number\": 1}",
                "{\"number\": null, \"flag\": true}",
                "{\"number\": 1.5, \"flag\": true}",
                "{\"number\": 3000000000, \"flag\": true}",
                "{\"number\": \"x\", \"flag\": true}",
                "{\"number\": {}, \"flag\": true}",
                "[]",
                "{",
                ""
            })
    void refusesWhatDoesNotFit(String json) {
        assertThatThrownBy(() -> codec().read(json, Primitives.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Primitives")
                .hasCauseInstanceOf(Exception.class);
    }

    @Test
    void refusesAnUnknownConstant() {
        assertThatThrownBy(() -> codec().read("{\"amounts\": [], \"colour\": \"BLUE\"}", Inner.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("BLUE");
    }

    @Test
    void refusesWhatCannotBeWritten() {
        Map<String, Object> cycle = new LinkedHashMap<>();
        cycle.put("self", cycle);

        assertThatThrownBy(() -> codec().write(cycle)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> codec().write(Map.of("o", new Broken())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Index 0");
    }

    /** A bean whose getter fails. */
    static final class Broken {
        public String getValue() {
            return List.<String>of().get(0);
        }
    }

    @SuppressWarnings("unchecked") // what the codec reads as a map has text keys
    private Map<String, Object> map(String json) {
        Object read = codec().read(json, Map.class);
        assertThat(read).isNotNull();
        return (Map<String, Object>) read;
    }
}

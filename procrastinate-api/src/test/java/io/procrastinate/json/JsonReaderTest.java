package io.procrastinate.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Our own reader and writer agree with Jackson's about what JSON is, and what it says. */
class JsonReaderTest {

    private static final JsonMapper JACKSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    private static final List<String> PIECES = List.of(
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "\"a\"",
            "\"b\":",
            " ",
            "\n",
            "\t",
            "\r",
            "0",
            "1",
            "-",
            "+",
            ".5",
            "e",
            "E+2",
            "true",
            "false",
            "null",
            "nul",
            "NaN",
            "Infinity",
            "\\u00",
            "\\u20Ac",
            "\\n",
            "\\/",
            "\\x",
            "'a'",
            "/**/",
            "ü",
            "\u0001",
            "\u2028",
            "1.25",
            "-0",
            "00",
            "\ufeff",
            "\u00a0");

    @Test
    void takesAndRefusesTheSameTextsAsJackson() {
        Random random = new Random(1);
        int taken = 0;
        for (int round = 0; round < 100_000; round++) {
            String json = round % 2 == 0 ? anything(random) : spoilt(JsonValues.write(value(random, 4)), random);
            Object expected;
            try {
                expected = JACKSON.readValue(json, Object.class);
            } catch (JacksonException | NumberFormatException e) {
                assertThatIllegalArgumentException().as(json).isThrownBy(() -> JsonValues.read(json));
                continue;
            }
            taken++;
            assertThat(plain(JsonValues.read(json))).as(json).isEqualTo(plain(expected));
        }
        assertThat(taken).isGreaterThan(10_000);
    }

    @Test
    void writesWhatJacksonReads() {
        Random random = new Random(2);
        for (int round = 0; round < 10_000; round++) {
            Object value = value(random, 5);
            String json = JsonValues.write(value);

            assertThat(plain(JACKSON.readValue(json, Object.class))).isEqualTo(plain(value));
            assertThat(JsonValues.read(json)).isEqualTo(value);
        }
    }

    @Test
    void keepsTheLastValueOfANameAndNumbersOfAnyLength() {
        assertThat(JsonValues.write(JsonValues.read("{\"a\": 1, \"b\": 1e3, \"a\": 1.10}")))
                .isEqualTo("{\"a\":1.10,\"b\":1000}");
        assertThat(JsonValues.read("\"\\ud83d\\uDE00\"")).isEqualTo("😀");
        String digits = "7".repeat(200_000);
        assertThat(JsonValues.write(JsonValues.read(digits))).isEqualTo(digits);
    }

    @Test
    void saysWhereATextStopsBeingJson() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JsonValues.read("{\"a\": 1 2}"))
                .withMessage("at character 9, ',' or '}' is expected, '2' is there");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JsonValues.read("[\"a"))
                .withMessageContaining("a quotation mark is expected, the end is there");
    }

    /** Those who read use the stack. */
    @Test
    void limitsTheDepth() {
        assertThat(JsonValues.read("[".repeat(1000) + "]".repeat(1000))).isInstanceOf(List.class);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JsonValues.read("[".repeat(100_000)))
                .withMessageContaining("no more than 1000 levels");
    }

    private static String anything(Random random) {
        StringBuilder json = new StringBuilder();
        for (int pieces = random.nextInt(8); pieces >= 0; pieces--) {
            json.append(PIECES.get(random.nextInt(PIECES.size())));
        }
        return json.toString();
    }

    /** Nothing, or one piece, is put in, taken out or replaced. */
    private static String spoilt(String json, Random random) {
        int from = random.nextInt(json.length() + 1);
        int to = Math.min(json.length(), from + random.nextInt(2));
        String piece = random.nextBoolean() ? PIECES.get(random.nextInt(PIECES.size())) : "";
        return json.substring(0, from) + piece + json.substring(to);
    }

    private static @Nullable Object value(Random random, int depth) {
        return switch (random.nextInt(depth > 0 ? 8 : 5)) {
            case 0 -> null;
            case 1 -> random.nextBoolean();
            case 2 -> new BigDecimal(random.nextLong());
            case 3 -> BigDecimal.valueOf(random.nextInt(100_000) - 50_000, random.nextInt(12));
            case 4 -> text(random);
            case 5 -> {
                List<@Nullable Object> list = new ArrayList<>();
                for (int size = random.nextInt(4); size > 0; size--) {
                    list.add(value(random, depth - 1));
                }
                yield list;
            }
            default -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                for (int size = random.nextInt(4); size > 0; size--) {
                    map.put(text(random), value(random, depth - 1));
                }
                yield map;
            }
        };
    }

    private static String text(Random random) {
        char[] characters = new char[random.nextInt(6)];
        for (int index = 0; index < characters.length; index++) {
            characters[index] = random.nextBoolean()
                    ? "\"\\/\b\f\n\r\t\0\u001fü\u007f\u2028日".charAt(random.nextInt(14))
                    : (char) (' ' + random.nextInt(95));
        }
        return new String(characters);
    }

    /** Numbers as decimals, whatever class they were read as. */
    private static @Nullable Object plain(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<Object, @Nullable Object> plain = new LinkedHashMap<>();
            map.forEach((name, element) -> plain.put(name, plain(element)));
            return plain;
        }
        if (value instanceof List<?> list) {
            return Arrays.asList(list.stream().map(JsonReaderTest::plain).toArray());
        }
        return value instanceof Number number && !(value instanceof BigDecimal)
                ? new BigDecimal(number.toString())
                : value;
    }
}

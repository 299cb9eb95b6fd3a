package io.procrastinate.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.exception.InvalidJobException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonArgumentsTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                " {\n} ",
                "{\"a\": [1, {\"b\": null}], \"c\": true}",
                "{\"NaN\": \"Infinity, -Infinity and NaN\"}",
                "{\"a\": \"}{][\"}",
                "{\"a\": \"\\\"}\"}",
                "{\"a\": \"\\\\\"}",
                "{\"a\": \"\\\\u0000\"}",
                "{\"ü😀\": \"日本\"}"
            })
    void takesOneObject(String json) {
        assertThat(JsonArguments.requireObject(json)).isSameAs(json);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | nothing",
                "null | null",
                "[] | an array",
                "\"text\" | a text",
                "true | a boolean",
                "12 | a number",
                "{\"a\": 1 | is no JSON",
                "{\"a\": } | is no JSON",
                "nonsense | is no JSON",
                "{}, {} | something after the object",
                "{}, \"task_name\": \"other\", \"x\": {} | something after the object",
                "{}] , [{} | something after the object",
                "{\"a\": {} | is no JSON",
                "{\"a\": \"} | is no JSON",
                "{\"a\": NaN} | NaN",
                "{\"a\": -Infinity} | infinite",
                "{\"a\": \"\\u0000\"} | NUL",
                "{\"\\u0000\": 1} | NUL",
                "{\"a\": {\"b\": [1, \"\\ud83d\"]}} | The argument 'a/b/1' holds half a surrogate pair",
                "{\"a\": \"\\ude00\\ud83d\"} | surrogate",
                "{\"\\ude00\": 1} | surrogate"
            })
    void refusesWhatCannotBeStored(String json, String found) {
        assertThatThrownBy(() -> JsonArguments.requireObject(json))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining(found);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"a\": \"\0\"}", "{\"\0\": 1}", "{\0}"})
    void refusesANulCharacter(String json) {
        assertThatThrownBy(() -> JsonArguments.requireObject(json))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("NUL");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1e131071",
                "-1e131071",
                "0.0001e131075",
                "1e-16383",
                "-12.5e-16382",
                "0e131072",
                "0.0",
                "-0",
                "12345678901234567890e-100"
            })
    void takesNumbersThatPostgresCanStore(String number) {
        String json = "{\"a\": " + number + "}";
        assertThat(JsonArguments.requireObject(json)).isSameAs(json);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1e131072",
                "-0.001e131075",
                "1e-16384",
                "12.5e-16383",
                "0e-16384",
                "1e99999999999",
                "1e-2147483648",
                "1E2147483647"
            })
    void refusesNumbersThatPostgresCannotStore(String number) {
        assertThatThrownBy(() -> JsonArguments.requireObject("{\"a\": [" + number + "]}"))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("The argument 'a/0' is a number with more than 131072 digits before");
    }

    @Test
    void takesAsManyDigitsAsPostgres() {
        String most = "{\"a\": " + "9".repeat(131_072) + "." + "9".repeat(16_383) + "}";
        assertThat(JsonArguments.requireObject(most)).isSameAs(most);
        for (String more : List.of("9".repeat(131_073), "0." + "9".repeat(16_384))) {
            assertThatThrownBy(() -> JsonArguments.requireObject("{\"a\": " + more + "}"))
                    .isInstanceOf(InvalidJobException.class)
                    .hasMessageContaining("The argument 'a'");
        }
    }

    @Test
    void takesLongNamesAndTexts() {
        String json = "{\"" + "n".repeat(60_000) + "\": \"" + "t".repeat(200_000) + "\"}";
        assertThat(JsonArguments.requireObject(json)).isSameAs(json);
    }

    @Test
    void limitsTheDepth() {
        String deepest = "{\"a\": " + "[".repeat(499) + "]".repeat(499) + "}";
        assertThat(JsonArguments.requireObject(deepest)).isSameAs(deepest);
        assertThatThrownBy(() -> JsonArguments.requireObject("{\"a\": " + "[".repeat(500) + "]".repeat(500) + "}"))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("The argument 'a/0/0")
                .hasMessageContaining("nested more than 500 levels");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\ud83d", "\ude00", "\ude00\ud83d", "\ud83dx"})
    void refusesHalfASurrogatePair(String half) {
        assertThatThrownBy(() -> JsonArguments.requireObject("{\"a\": \"" + half + "\"}"))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("surrogate");
    }
}

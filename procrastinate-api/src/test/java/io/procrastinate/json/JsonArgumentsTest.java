package io.procrastinate.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.exception.InvalidJobException;
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
                "{\"a\": 1 | a number or something else",
                "{}, {} | goes on after the object",
                "{}, \"task_name\": \"other\", \"x\": {} | goes on after the object",
                "{}] , [{} | goes on after the object",
                "{\"a\": {} | do not match",
                "{\"a\": \"} | do not match",
                "{\"a\": NaN} | NaN",
                "{\"a\": -Infinity} | infinite",
                "{\"a\": \"\\u0000\"} | NUL",
                "{\"\\u0000\": 1} | NUL"
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
    @ValueSource(strings = {"\ud83d", "\ude00", "\ude00\ud83d", "\ud83dx"})
    void refusesHalfASurrogatePair(String half) {
        assertThatThrownBy(() -> JsonArguments.requireObject("{\"a\": \"" + half + "\"}"))
                .isInstanceOf(InvalidJobException.class)
                .hasMessageContaining("surrogate");
    }
}

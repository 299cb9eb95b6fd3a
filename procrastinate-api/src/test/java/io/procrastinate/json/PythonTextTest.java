package io.procrastinate.json;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compared with {@code repr(json.loads(...))} of Python 3.11. */
class PythonTextTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\": \"it's\", \"b\": \"say \\\"it's\\\"\"} | {'a': \"it's\", 'b': 'say \"it\\'s\"'}",
                "\"\\\\\\n\\r\\t\\u0001\\u00a0\\u00ad\\u2028\"  | '\\\\\\n\\r\\t\\x01\\xa0\\xad\\u2028'",
                "\"\u00e9\\ud83d\\ude00\\ue000\\udb40\\udc01\" | '\u00e9\ud83d\ude00\\ue000\\U000e0001'",
                "[true, false, null, [], {}]                   | [True, False, None, [], {}]",
                "[1, -7, 123456789012345678901234567890]       | [1, -7, 123456789012345678901234567890]",
                "[1.0, 1.50, -0.25, 1e2, 0.0]                  | [1.0, 1.5, -0.25, 100.0, 0.0]",
                "[1e15, 1e16, 1.5e300, 1234567890123456789.5]  | [1000000000000000.0, 1e+16, 1.5e+300, 1.2345678901234568e+18]",
                "[0.0001, 0.00001, -2.5e-7]                    | [0.0001, 1e-05, -2.5e-07]",
                "[1e400, -1e400]                               | [inf, -inf]",
                "not JSON                                      | not JSON",
            })
    void readsAsInPython(String json, String text) {
        assertThat(PythonText.value(json)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"{\"a\": {\"k\": \"x\"}} | (a={'k': 'x'})", "[1] | ([1])", "{ | ({)"})
    void readsAsACall(String json, String text) {
        assertThat(PythonText.call(json)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\": 1, \"b\": \"xyz\"} | 11 | (a=1, b='xyz[...])",
                "{\"a\": 1}                  | 3  | (a=1)",
                "{\"a\": [1, 2, {\"b\": 3 is never read | 6 | (a=[1, [...])",
                "{\"a\": 1}                  | 0  | ([...])",
                "not JSON                   | 3  | (not[...])",
            })
    void readsNoMoreOfACallThanItShows(String json, int most, String text) {
        assertThat(PythonText.call(json, most)).isEqualTo(text);
    }

    @Test
    void namesOfArgumentsStayOnTheirLine() {
        assertThat(PythonText.call("{\"a\\n\\u001b\": 1}")).isEqualTo("(a\\n\\u001b=1)");
        assertThat(PythonText.call("no\nJSON")).isEqualTo("(no\\nJSON)");
        assertThat(PythonText.value("no\nJSON")).isEqualTo("no\\nJSON");
    }
}

package io.procrastinate.interop;

import io.procrastinate.json.JsonCodec;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Arguments of every kind of JSON value. */
final class JsonShapes {

    static final List<String> ALL = List.of(
            "{}",
            "{\"nothing\": null}",
            "{\"yes\": true, \"no\": false}",
            "{\"zero\": 0, \"negative\": -1, \"beyond_int\": 2147483648}",
            "{\"beyond_double\": 9007199254740993, \"negative\": -9007199254740993}",
            "{\"most\": 9223372036854775807, \"least\": -9223372036854775808}",
            "{\"huge\": 123456789012345678901234567890}",
            "{\"decimal\": 0.1, \"whole\": 1.0, \"zeros\": 1.10, \"negative\": -2.5, \"small\": 0.00000025}",
            "{\"int_beside_float\": [1, 1.0, 0, 0.0]}",
            "{\"empty_text\": \"\", \"empty_list\": [], \"empty_object\": {}}",
            "{\"nested\": {\"list\": [1, [2, [3, {\"deep\": [null]}]]], \"object\": {\"a\": {\"b\": {\"c\": 1}}}}}",
            "{\"mixed\": [1, \"1\", 1.5, true, null, {}, []]}",
            "{\"text\": \"ü ß 日本 😀 \u2028 \\\"quoted\\\" \\\\ \\n \\t ' ; -- % %s {} $1 ? :name\"}",
            "{\"größe\": 1, \"日本\": 2, \"with blank\": 3, \"class\": 4, \"with-dash\": 5, \"\": 6}",
            "{\"looks_like\": [\"null\", \"true\", \"1\", \"2026-01-02T03:04:05Z\", \"{}\"]}",
            "{\"long\": \"" + "x".repeat(100_000) + "\"}");

    private JsonShapes() {}

    /** A normalized value for comparisons: 1 differs from 1.0, but 1.10 equals 1.1. */
    static @Nullable Object canonical(@Nullable String json) {
        return sorted(JsonCodec.standard().read(String.valueOf(json), Object.class));
    }

    private static @Nullable Object sorted(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<String, @Nullable Object> sorted = new TreeMap<>();
            map.forEach((key, content) -> sorted.put(String.valueOf(key), sorted(content)));
            return sorted;
        }
        if (value instanceof List<?> list) {
            return list.stream().map(JsonShapes::sorted).toList();
        }
        if (value instanceof BigDecimal decimal) {
            return decimal.stripTrailingZeros();
        }
        return value;
    }
}

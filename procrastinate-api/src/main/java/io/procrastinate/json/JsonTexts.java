package io.procrastinate.json;

import io.procrastinate.annotation.Internal;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Objects whose values are texts, such as the headers of a job.
 *
 * @hidden
 */
@Internal
public final class JsonTexts {

    private JsonTexts() {}

    /** Writes the texts as a JSON object. */
    public static String write(Map<String, String> texts) {
        String row = JsonRows.of(List.of(texts), (each, object) -> each.forEach(object::put));
        return row.substring(1, row.length() - 1);
    }

    /** Reads the texts of a JSON object, in the order of their names; other values are passed over. */
    public static Map<String, String> read(String json) {
        Map<String, String> texts = new TreeMap<>();
        if (JsonValues.read(json) instanceof Map<?, ?> values) {
            values.forEach((name, value) -> {
                if (value instanceof String text) {
                    texts.put(String.valueOf(name), text);
                }
            });
        }
        return texts;
    }
}

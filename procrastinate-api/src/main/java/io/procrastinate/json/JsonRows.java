package io.procrastinate.json;

import io.procrastinate.annotation.Internal;
import java.util.Collection;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes many rows as one JSON array of objects, so that a batch is sent as one parameter.
 *
 * @hidden
 */
@Internal
public final class JsonRows {

    private final StringBuilder json;
    private boolean first = true;

    private JsonRows(StringBuilder json) {
        this.json = json;
    }

    /** Writes an object for each element; the writer writes its values. */
    public static <T> String of(Collection<T> elements, BiConsumer<T, JsonRows> writer) {
        StringBuilder json = new StringBuilder(128 * elements.size() + 2).append('[');
        JsonRows rows = new JsonRows(json);
        String comma = "";
        for (T element : elements) {
            json.append(comma).append('{');
            rows.first = true;
            writer.accept(element, rows);
            json.append('}');
            comma = ",";
        }
        return json.append(']').toString();
    }

    /** Writes a value: a text, a whole number or a boolean; null is left out. */
    public JsonRows put(String name, @Nullable Object value) {
        if (value instanceof Long || value instanceof Integer || value instanceof Boolean) {
            return putJson(name, value.toString());
        }
        if (value != null) {
            name(name);
            JsonText.append(json, value.toString());
        }
        return this;
    }

    /** Writes a value that is JSON already, as it is. */
    public JsonRows putJson(String name, String value) {
        name(name);
        json.append(value);
        return this;
    }

    private void name(String name) {
        if (!first) {
            json.append(',');
        }
        first = false;
        JsonText.append(json, name);
        json.append(':');
    }
}

package io.procrastinate.json;

import io.procrastinate.annotation.Internal;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON as maps, lists, texts, {@link BigDecimal}s, booleans and nulls, for what the queue itself reads and writes.
 *
 * @hidden
 */
@Internal
public final class JsonValues {

    private JsonValues() {}

    /**
     * Reads one value; of a repeated name the last one stays.
     *
     * @throws IllegalArgumentException if it is no JSON, or something follows
     */
    public static @Nullable Object read(String json) {
        JsonReader reader = new JsonReader(json);
        Object value = read(reader, reader.next());
        reader.next();
        return value;
    }

    private static @Nullable Object read(JsonReader reader, JsonReader.Token token) {
        return switch (token) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                while (reader.next() == JsonReader.Token.NAME) {
                    String name = reader.text();
                    map.put(name, read(reader, reader.next()));
                }
                yield map;
            }
            case START_ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                for (JsonReader.Token next = reader.next(); next != JsonReader.Token.END_ARRAY; next = reader.next()) {
                    list.add(read(reader, next));
                }
                yield list;
            }
            case TEXT -> reader.text();
            case NUMBER -> new BigDecimal(reader.text());
            case TRUE -> true;
            case FALSE -> false;
            default -> null;
        };
    }

    /** Writes what was read, numbers without exponents. */
    public static String write(@Nullable Object value) {
        StringBuilder json = new StringBuilder();
        write(json, value);
        return json.toString();
    }

    private static void write(StringBuilder json, @Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            String before = "{";
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                json.append(before);
                JsonText.append(json, String.valueOf(entry.getKey()));
                json.append(':');
                write(json, entry.getValue());
                before = ",";
            }
            json.append(map.isEmpty() ? "{}" : "}");
        } else if (value instanceof List<?> list) {
            String before = "[";
            for (Object element : list) {
                json.append(before);
                write(json, element);
                before = ",";
            }
            json.append(list.isEmpty() ? "[]" : "]");
        } else if (value instanceof String text) {
            JsonText.append(json, text);
        } else {
            json.append(value instanceof BigDecimal number ? number.toPlainString() : String.valueOf(value));
        }
    }
}

package io.procrastinate.json;

import io.procrastinate.annotation.Internal;
import java.io.StringWriter;
import java.util.Collection;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes many rows as one JSON array of objects, so that a batch is sent as one parameter.
 *
 * @hidden
 */
@Internal
public final class JsonRows {

    private static final JsonMapper MAPPER = JsonMapper.shared();

    private final JsonGenerator generator;

    private JsonRows(JsonGenerator generator) {
        this.generator = generator;
    }

    /** Writes an object for each element; the writer writes its values. */
    public static <T> String of(Collection<T> elements, BiConsumer<T, JsonRows> writer) {
        StringWriter text = new StringWriter(128 * elements.size() + 2);
        try (JsonGenerator generator = MAPPER.createGenerator(text)) {
            JsonRows rows = new JsonRows(generator);
            generator.writeStartArray();
            for (T element : elements) {
                generator.writeStartObject();
                writer.accept(element, rows);
                generator.writeEndObject();
            }
            generator.writeEndArray();
        }
        return text.toString();
    }

    /** Writes a value: a text, a whole number or a boolean; null is left out. */
    public JsonRows put(String name, @Nullable Object value) {
        if (value instanceof Long number) {
            generator.writeNumberProperty(name, number);
        } else if (value instanceof Integer number) {
            generator.writeNumberProperty(name, number);
        } else if (value instanceof Boolean bool) {
            generator.writeBooleanProperty(name, bool);
        } else if (value != null) {
            generator.writeStringProperty(name, value.toString());
        }
        return this;
    }

    /** Writes a value that is JSON already, as it is. */
    public JsonRows putJson(String name, String json) {
        generator.writeName(name);
        generator.writeRawValue(json);
        return this;
    }
}

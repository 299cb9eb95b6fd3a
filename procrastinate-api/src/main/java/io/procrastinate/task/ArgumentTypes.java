package io.procrastinate.task;

import io.procrastinate.json.JsonCodec;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The types that a task's arguments are read as. They are written by them, too: the class of a value does not tell everything, such
 * as what the elements of a list are. What is written is read once, so that what no run could read is refused.
 *
 * @param whole what all arguments together are read as
 * @param byName the types of single arguments, as far as they are known
 */
record ArgumentTypes(Type whole, Map<String, Type> byName) {

    /** Those of a record's components; what a codec names in another way is written without a type. */
    static ArgumentTypes of(Type whole) {
        Map<String, Type> byName = new LinkedHashMap<>();
        if (whole instanceof Class<?> type && type.isRecord()) {
            for (RecordComponent component : type.getRecordComponents()) {
                byName.put(component.getName(), component.getGenericType());
            }
        }
        return new ArgumentTypes(whole, byName);
    }

    /**
     * Writes arguments.
     *
     * @param args of the type, or a map of single arguments
     * @throws IllegalArgumentException when one cannot be written, or what was written cannot be read; the message names it
     */
    String write(JsonCodec codec, Object args) {
        if (args instanceof Map<?, ?> map) {
            Map<Object, @Nullable Object> plain = new LinkedHashMap<>();
            map.forEach((name, value) -> plain.put(name, plain(codec, name, value)));
            return codec.write(plain);
        }
        return written(codec, args, whole);
    }

    /** The value as it would be read without a type: what a map of all arguments is made of, for whatever the codec does with it. */
    private @Nullable Object plain(JsonCodec codec, @Nullable Object name, @Nullable Object value) {
        Type type = name instanceof String text ? byName.get(text) : null;
        if (type == null || value == null) {
            return value;
        }
        try {
            return codec.read(written(codec, value, type), Object.class);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("The argument " + name + " does not fit: " + e.getMessage(), e);
        }
    }

    private static String written(JsonCodec codec, Object value, Type type) {
        String json = null;
        try {
            json = codec.write(value, type);
            codec.read(json, type);
            return json;
        } catch (IllegalArgumentException e) {
            // Not of the type perhaps, but what stands for it: maps for objects, texts for times.
            return writtenAsItIs(codec, value, type, json == null ? null : e);
        }
    }

    private static String writtenAsItIs(
            JsonCodec codec, Object value, Type type, @Nullable IllegalArgumentException refusal) {
        try {
            String json = codec.write(value);
            codec.read(json, type);
            return json;
        } catch (IllegalArgumentException e) {
            if (refusal == null) {
                throw e;
            }
            refusal.addSuppressed(e);
            throw refusal;
        }
    }
}

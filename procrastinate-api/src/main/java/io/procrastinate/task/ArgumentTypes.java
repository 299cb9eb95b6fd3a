package io.procrastinate.task;

import io.procrastinate.json.JsonCodec;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The types with which a task's arguments are read. They are also written with them: a value's class does not say
 * everything, such as the type of a list's elements. Written arguments are read once, to refuse what no run could read.
 *
 * @param whole the type of all arguments together
 * @param byName the types of single arguments, as far as they are known
 */
record ArgumentTypes(Type whole, Map<String, Type> byName) {

    /** Returns the types of a record's components; a component that the codec renames is written without a type. */
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
     * @throws IllegalArgumentException if one cannot be written or read back; the message names it
     */
    String write(JsonCodec codec, Object args) {
        if (args instanceof Map<?, ?> map) {
            Map<Object, @Nullable Object> plain = new LinkedHashMap<>();
            map.forEach((name, value) -> plain.put(name, plain(codec, name, value)));
            return codec.write(plain);
        }
        return written(codec, args, whole);
    }

    /**
     * The value as it would be read without a type: an element of the map of all arguments, whatever the codec does
     * with it.
     */
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
            // Perhaps not of the type, but a representation of it: maps for objects, texts for times.
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

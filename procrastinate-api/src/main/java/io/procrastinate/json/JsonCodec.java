package io.procrastinate.json;

import io.procrastinate.exception.SettingsException;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;

/**
 * Turns arguments into JSON and back. What it writes by a type it reads by the same type as an equal value, or refuses to write. An
 * implementation is thread-safe and keeps numbers exact: a whole number stays whole, a decimal keeps its digits, and neither loses
 * precision on the way to a {@link java.util.Map}.
 */
public interface JsonCodec {

    /**
     * Writes a value as JSON, in the way in which it will be read. What a value's class does not tell, such as the elements of a list
     * or which of several classes it is, the type does.
     *
     * @param type what it will be read as; {@code Object.class} where that is not known
     * @throws IllegalArgumentException when the value cannot be written, or is not of the type
     */
    String write(@Nullable Object value, Type type);

    /**
     * Reads a value of a type: a record, a class, a {@code Map}, or a generic type.
     *
     * @throws IllegalArgumentException when the JSON does not fit the type
     */
    @Nullable
    Object read(String json, Type type);

    /**
     * Writes a value as JSON for nobody knows whom.
     *
     * @throws IllegalArgumentException when the value cannot be written
     */
    default String write(@Nullable Object value) {
        return write(value, Object.class);
    }

    /**
     * Converts a value that was read, such as one of a map's, to a type.
     *
     * @throws IllegalArgumentException when the value does not fit the type
     */
    default @Nullable Object convert(Object value, Type type) {
        return read(write(value), type);
    }

    /**
     * The codec that is used unless an app is given another one: Jackson, with times as ISO-8601 text.
     *
     * @throws SettingsException when Jackson is not there, or parts of it are of an older version
     */
    static JsonCodec standard() {
        try {
            return JacksonCodec.STANDARD;
        } catch (LinkageError e) {
            throw SettingsException.missingLibrary(
                    "JSON",
                    "tools.jackson.core:jackson-databind with com.fasterxml.jackson.core:jackson-annotations",
                    e);
        }
    }
}

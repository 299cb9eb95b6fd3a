package io.procrastinate.json;

import io.procrastinate.exception.SettingsException;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;

/**
 * Turns arguments into JSON and back. A value written with a type is equal when it is read with the same type; a value
 * for which that cannot be guaranteed is refused. Implementations are thread-safe and keep numbers exact: a whole
 * number stays whole, a decimal keeps its digits, and neither loses precision when read into a {@link java.util.Map}.
 */
public interface JsonCodec {

    /**
     * Writes a value as JSON, for a reader that knows the type. The type says what the value's class does not, such as
     * the elements of a list or which of several subclasses it is.
     *
     * @param type the type that it will be read as; {@code Object.class} if that is unknown
     * @throws IllegalArgumentException if the value cannot be written, or is not of the type
     */
    String write(@Nullable Object value, Type type);

    /**
     * Reads a value of a type: a record, a class, a {@code Map}, or a generic type.
     *
     * @throws IllegalArgumentException if the JSON does not fit the type
     */
    @Nullable
    Object read(String json, Type type);

    /**
     * Writes a value as JSON for a reader whose type is unknown.
     *
     * @throws IllegalArgumentException if the value cannot be written
     */
    default String write(@Nullable Object value) {
        return write(value, Object.class);
    }

    /**
     * Converts a value that was read, such as one from a map, to a type.
     *
     * @throws IllegalArgumentException if the value does not fit the type
     */
    default @Nullable Object convert(Object value, Type type) {
        return read(write(value), type);
    }

    /**
     * Returns the codec that an app uses by default, with times as ISO-8601 text: that of Jackson 3 where it works, else
     * that of a {@link JsonCodecProvider}.
     *
     * @throws SettingsException if no JSON library works; the message says of each what is missing
     */
    static JsonCodec standard() {
        return StandardCodecs.choose();
    }
}

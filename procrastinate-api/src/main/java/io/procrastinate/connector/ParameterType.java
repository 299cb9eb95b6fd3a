package io.procrastinate.connector;

import io.procrastinate.annotation.Internal;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The types that a parameter may have: few, so that every driver knows them. Each allows null. */
public enum ParameterType {
    /** {@link Long} */
    BIGINT("bigint"),
    /** {@link Integer} */
    INTEGER("integer"),
    /** {@link Boolean} */
    BOOLEAN("boolean"),
    /** {@link String} */
    TEXT("text"),
    /**
     * {@link Instant}, with microseconds. Anything finer is cut off before a connector gets it. {@link Instant#MAX} is
     * infinity. {@link Instant#MIN} is minus infinity, or refused with the SQLSTATE 22008 if the driver cannot send
     * that.
     */
    INSTANT("timestamptz"),
    /** {@link List} of {@link String}, whose elements may be null. */
    TEXT_ARRAY("text[]"),
    /** {@link List} of {@link Long}, whose elements may be null. */
    BIGINT_ARRAY("bigint[]"),
    /** {@link String} that holds JSON. It is sent as text and cast by the server, so that no driver touches numbers. */
    JSON("jsonb");

    private final String sqlName;

    ParameterType(String sqlName) {
        this.sqlName = sqlName;
    }

    /**
     * The name of the type in SQL.
     *
     * @hidden
     */
    @Internal
    public String sqlName() {
        return sqlName;
    }

    /** The placeholder with a cast that sets the parameter's type, whatever the driver would guess. */
    String cast(String placeholder) {
        return this == JSON ? "(" + placeholder + "::text)::jsonb" : "(" + placeholder + "::" + sqlName + ")";
    }

    boolean accepts(@Nullable Object value) {
        if (value == null) {
            return true;
        }
        return switch (this) {
            case BIGINT -> value instanceof Long;
            case INTEGER -> value instanceof Integer;
            case BOOLEAN -> value instanceof Boolean;
            case TEXT, JSON -> value instanceof String;
            case INSTANT -> value instanceof Instant;
            case TEXT_ARRAY -> isListOf(String.class, value);
            case BIGINT_ARRAY -> isListOf(Long.class, value);
        };
    }

    private static boolean isListOf(Class<?> type, Object value) {
        return value instanceof List<?> list
                && list.stream().allMatch(element -> element == null || type.isInstance(element));
    }
}

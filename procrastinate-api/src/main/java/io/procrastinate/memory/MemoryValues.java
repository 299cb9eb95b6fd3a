package io.procrastinate.memory;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.json.JsonValues;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One of the rows that are sent as JSON. */
record MemoryValues(Map<?, ?> values) {

    static List<MemoryValues> rows(BoundQuery query, String parameter) {
        String json = (String) Objects.requireNonNull(query.value(parameter));
        List<MemoryValues> rows = new ArrayList<>();
        for (Object row : (List<?>) Objects.requireNonNull(JsonValues.read(json))) {
            rows.add(new MemoryValues((Map<?, ?>) row));
        }
        return rows;
    }

    /** JSON as the database stores it: numbers without exponents, and the last value of a repeated name. */
    static String stored(String json) {
        return JsonValues.write(JsonValues.read(json));
    }

    static @Nullable Instant scheduledAt(Instant now, @Nullable Object at, @Nullable Long delayMicros) {
        if (at instanceof Instant instant) {
            return instant.truncatedTo(ChronoUnit.MICROS);
        }
        return delayMicros == null ? null : now.plus(delayMicros, ChronoUnit.MICROS);
    }

    @Nullable
    String text(String name) {
        Object value = values.get(name);
        return value == null ? null : value.toString();
    }

    String requireText(String name) {
        return Objects.requireNonNull(text(name));
    }

    @Nullable
    Long numberOrNull(String name) {
        return values.get(name) instanceof Number number ? number.longValue() : null;
    }

    long number(String name) {
        return Objects.requireNonNull(numberOrNull(name));
    }

    boolean bool(String name) {
        return Boolean.TRUE.equals(values.get(name));
    }

    @Nullable
    String jsonOrNull(String name) {
        return values.get(name) == null ? null : json(name);
    }

    String json(String name) {
        return JsonValues.write(values.get(name));
    }

    @Nullable
    Instant scheduledAt(Instant now, String name) {
        String at = text(name);
        return scheduledAt(now, at == null ? null : Instant.parse(at), numberOrNull("delay_micros"));
    }
}

package io.procrastinate.testing;

import io.procrastinate.connector.BoundQuery;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One of the rows that travel as JSON. */
record MemoryValues(JsonNode node) {

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    static List<MemoryValues> rows(BoundQuery query, String parameter) {
        List<MemoryValues> rows = new ArrayList<>();
        MAPPER.readTree((String) Objects.requireNonNull(query.value(parameter)))
                .forEach(node -> rows.add(new MemoryValues(node)));
        return rows;
    }

    static @Nullable Instant scheduledAt(Instant now, @Nullable Object at, @Nullable Long delayMicros) {
        if (at instanceof Instant instant) {
            return instant.truncatedTo(ChronoUnit.MICROS);
        }
        return delayMicros == null ? null : now.plus(delayMicros, ChronoUnit.MICROS);
    }

    @Nullable
    String text(String name) {
        JsonNode value = node.get(name);
        return value == null || value.isNull() ? null : value.asString();
    }

    String requireText(String name) {
        return Objects.requireNonNull(text(name));
    }

    @Nullable
    Long numberOrNull(String name) {
        JsonNode value = node.get(name);
        return value == null || value.isNull() ? null : value.asLong();
    }

    long number(String name) {
        return Objects.requireNonNull(numberOrNull(name));
    }

    boolean bool(String name) {
        JsonNode value = node.get(name);
        return value != null && value.asBoolean();
    }

    String json(String name) {
        return node.get(name).toString();
    }

    @Nullable
    Instant scheduledAt(Instant now, String name) {
        String at = text(name);
        return scheduledAt(now, at == null ? null : Instant.parse(at), numberOrNull("delay_micros"));
    }
}

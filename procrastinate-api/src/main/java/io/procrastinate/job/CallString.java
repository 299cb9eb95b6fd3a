package io.procrastinate.job;

import java.util.StringJoiner;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Shows the arguments of a job as those of a call. */
final class CallString {

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    private CallString() {}

    static String arguments(String json) {
        try {
            JsonNode arguments = MAPPER.readTree(json);
            if (!arguments.isObject()) {
                return "(" + json + ")";
            }
            StringJoiner call = new StringJoiner(", ", "(", ")");
            arguments.properties().forEach(entry -> call.add(entry.getKey() + "=" + entry.getValue()));
            return call.toString();
        } catch (JacksonException e) {
            // Only for people to read: what is no JSON is shown as it is.
            return "(" + json + ")";
        }
    }
}

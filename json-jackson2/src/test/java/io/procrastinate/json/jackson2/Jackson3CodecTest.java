package io.procrastinate.json.jackson2;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.json.JacksonCodec;
import io.procrastinate.json.JsonCodec;
import java.text.SimpleDateFormat;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.json.JsonMapper;

/** Jackson 3, with a mapper of its own and with that of an application. */
class Jackson3CodecTest {

    /** As far from our own settings as a mapper can be. */
    private static final JsonCodec OF_APP = JacksonCodec.of(JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT, SerializationFeature.WRAP_ROOT_VALUE)
            .enable(SerializationFeature.WRITE_SINGLE_ELEM_ARRAYS_UNWRAPPED)
            .enable(DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS, DateTimeFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
            .enable(DateTimeFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE)
            .enable(DeserializationFeature.UNWRAP_ROOT_VALUE, DeserializationFeature.USE_BIG_INTEGER_FOR_INTS)
            .enable(DeserializationFeature.USE_JAVA_ARRAY_FOR_JSON_ARRAY)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .defaultDateFormat(new SimpleDateFormat("yyyy", Locale.ROOT))
            .build());

    record Renamed(String orderNumber, Optional<String> note) {}

    @Test
    void keepsTheNamesOfTheApplicationsMapper() {
        JsonCodec codec = JacksonCodec.of(JsonMapper.builder()
                .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                .build());

        String json = codec.write(new Renamed("7", Optional.empty()));
        assertThat(json).isEqualTo("{\"order_number\":\"7\",\"note\":null}");
        assertThat(codec.read(json, Renamed.class)).isEqualTo(new Renamed("7", Optional.empty()));
    }

    @Nested
    class Codec extends CodecContract {

        @Override
        JsonCodec codec() {
            return JsonCodec.standard();
        }
    }

    @Nested
    class Lossless extends LosslessContract {

        @Override
        JsonCodec codec() {
            return JsonCodec.standard();
        }
    }

    @Nested
    class CodecOfMapper extends CodecContract {

        @Override
        JsonCodec codec() {
            return OF_APP;
        }
    }

    @Nested
    class LosslessOfMapper extends LosslessContract {

        @Override
        JsonCodec codec() {
            return OF_APP;
        }
    }
}

package io.procrastinate.json.jackson2;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.json.JsonCodecProvider;
import java.text.SimpleDateFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Jackson 2, with a mapper of its own and with that of an application. */
class Jackson2CodecTest {

    /** As far from our own settings as a mapper can be. */
    private static final JsonCodec OF_APP = Jackson2Codec.of(JsonMapper.builder()
            .findAndAddModules()
            .enable(
                    MapperFeature.SORT_PROPERTIES_ALPHABETICALLY,
                    MapperFeature.SORT_CREATOR_PROPERTIES_BY_DECLARATION_ORDER)
            .enable(SerializationFeature.INDENT_OUTPUT, SerializationFeature.WRAP_ROOT_VALUE)
            .enable(
                    SerializationFeature.WRITE_SINGLE_ELEM_ARRAYS_UNWRAPPED,
                    SerializationFeature.WRITE_ENUMS_USING_TO_STRING)
            .enable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS, SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
            .enable(DeserializationFeature.UNWRAP_ROOT_VALUE, DeserializationFeature.READ_ENUMS_USING_TO_STRING)
            .enable(
                    DeserializationFeature.USE_BIG_INTEGER_FOR_INTS,
                    DeserializationFeature.USE_JAVA_ARRAY_FOR_JSON_ARRAY)
            .enable(DeserializationFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .defaultDateFormat(new SimpleDateFormat("yyyy", Locale.ROOT))
            .build());

    record Renamed(String orderNumber, Optional<String> note) {}

    @Test
    void keepsTheNamesOfTheApplicationsMapper() {
        ObjectMapper mapper = JsonMapper.builder()
                .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                .build();

        JsonCodec codec = Jackson2Codec.of(mapper);

        String json = codec.write(new Renamed("7", Optional.empty()));
        assertThat(json).isEqualTo("{\"order_number\":\"7\",\"note\":null}");
        assertThat(codec.read(json, Renamed.class)).isEqualTo(new Renamed("7", Optional.empty()));
        assertThat(mapper.getRegisteredModuleIds()).isEmpty();
    }

    @Test
    void isProvided() {
        assertThat(ServiceLoader.load(JsonCodecProvider.class)).singleElement().satisfies(provider -> {
            assertThat(provider.name()).isEqualTo("Jackson 2");
            assertThat(provider.obstacle()).isEmpty();
            assertThat(provider.create()).isSameAs(Jackson2Codec.standard());
        });
    }

    @Nested
    class Codec extends CodecContract {

        @Override
        JsonCodec codec() {
            return Jackson2Codec.standard();
        }
    }

    @Nested
    class Lossless extends LosslessContract {

        @Override
        JsonCodec codec() {
            return Jackson2Codec.standard();
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

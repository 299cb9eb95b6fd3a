package io.procrastinate.json;

import com.fasterxml.jackson.annotation.JsonValue;
import java.io.StringWriter;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamWriteConstraints;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.AnnotationIntrospector;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.cfg.MapperConfig;
import tools.jackson.databind.introspect.AnnotatedMember;
import tools.jackson.databind.introspect.AnnotatedParameter;
import tools.jackson.databind.introspect.NopAnnotationIntrospector;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.util.StdDateFormat;

/** JSON by Jackson 3. Thread-safe. */
public final class JacksonCodec implements JsonCodec {

    /**
     * Reads whatever PostgreSQL can store: {@link JsonArguments} checks its limits when a job is deferred, and
     * Jackson's own are different. Only the depth is limited, to protect the threads' stacks.
     */
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(JsonArguments.MOST_DEPTH_READ)
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .build())
            .streamWriteConstraints(StreamWriteConstraints.builder()
                    .maxNestingDepth(JsonArguments.MOST_DEPTH_READ)
                    .build())
            .build();

    private static final JsonCodec STANDARD = new JacksonCodec(configured(JsonMapper.builder()));

    private final JsonMapper mapper;

    private JacksonCodec(JsonMapper mapper) {
        this.mapper = mapper;
    }

    /**
     * Returns a codec that reads and writes as the application's own mapper does: with its modules, names and mix-ins.
     * What {@link JsonCodec} promises goes before the mapper's settings: numbers stay exact, times are ISO-8601 text with
     * their offset or zone, and unknown properties and missing primitives are refused.
     *
     * @param mapper is not changed, nor are later changes of it seen
     */
    public static JsonCodec of(JsonMapper mapper) {
        return new JacksonCodec(configured(mapper.rebuild()));
    }

    static JsonCodec standard() {
        return STANDARD;
    }

    /** Sets what the promises need, also what a new mapper has by default: another may have it changed. */
    private static JsonMapper configured(JsonMapper.Builder builder) {
        return builder.enable(
                        DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS,
                        DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
                        DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
                        DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .disable(
                        DeserializationFeature.ACCEPT_FLOAT_AS_INT,
                        DeserializationFeature.USE_BIG_INTEGER_FOR_INTS,
                        DeserializationFeature.USE_LONG_FOR_INTS,
                        DeserializationFeature.USE_JAVA_ARRAY_FOR_JSON_ARRAY,
                        DeserializationFeature.UNWRAP_ROOT_VALUE)
                .disable(
                        EnumFeature.READ_UNKNOWN_ENUM_VALUES_AS_NULL,
                        EnumFeature.READ_UNKNOWN_ENUM_VALUES_USING_DEFAULT_VALUE)
                .disable(
                        SerializationFeature.INDENT_OUTPUT,
                        SerializationFeature.WRAP_ROOT_VALUE,
                        SerializationFeature.WRITE_SINGLE_ELEM_ARRAYS_UNWRAPPED)
                .annotationIntrospector(
                        AnnotationIntrospector.pair(builder.annotationIntrospector(), new RequiredPrimitives()))
                .addModule(new LosslessTypes())
                .defaultDateFormat(new StdDateFormat())
                .disable(
                        DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS,
                        DateTimeFeature.WRITE_DURATIONS_AS_TIMESTAMPS,
                        // Offset and zone are part of the value: they are not converted to UTC, nor a zone to its
                        // current offset.
                        DateTimeFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE,
                        DateTimeFeature.NORMALIZE_DESERIALIZED_ZONE_ID)
                .enable(DateTimeFeature.WRITE_DATES_WITH_ZONE_ID)
                .enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
                // NaN does not become a string: what JSON cannot express is refused when the job is deferred.
                .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS, JsonWriteFeature.WRITE_NUMBERS_AS_STRINGS)
                .build();
    }

    @Override
    public String write(@Nullable Object value, Type type) {
        try {
            StringWriter text = new StringWriter(256);
            try (JsonGenerator generator = FACTORY.createGenerator(mapper._serializationContext(), text)) {
                if (type == Object.class) {
                    mapper.writeValue(generator, value);
                } else {
                    JavaType holder =
                            mapper.getTypeFactory().constructParametricType(Holder.class, mapper.constructType(type));
                    mapper.writerFor(holder).writeValue(generator, new Holder<>(value));
                }
            }
            return text.toString();
        } catch (JacksonException e) {
            throw new IllegalArgumentException(
                    "Cannot be written as JSON" + place(e) + ": " + e.getOriginalMessage(), e);
        } catch (ClassCastException e) {
            // A generic type does not match the elements.
            throw new IllegalArgumentException("Is not " + type.getTypeName() + ": " + e.getMessage(), e);
        }
    }

    @Override
    public @Nullable Object read(String json, Type type) {
        try (JsonParser parser = FACTORY.createParser(mapper._deserializationContext(), json)) {
            return mapper.readValue(parser, mapper.constructType(type));
        } catch (JacksonException e) {
            throw new IllegalArgumentException(
                    "The JSON does not fit " + type.getTypeName() + place(e) + ": " + e.getOriginalMessage(), e);
        }
    }

    /** Where in the value the failure is: the properties and indexes, outermost first. */
    private static String place(JacksonException failure) {
        StringBuilder place = new StringBuilder();
        for (JacksonException.Reference reference : failure.getPath()) {
            if (reference.getPropertyName() == null) {
                place.append('[').append(reference.getIndex()).append(']');
            } else if (!reference.getPropertyName().isEmpty()) {
                place.append(place.isEmpty() ? "" : ".").append(reference.getPropertyName());
            }
        }
        return place.isEmpty() ? "" : " at '" + place + "'";
    }

    /**
     * Wraps a value, so that Jackson writes it like a property, by its own class and the declared type. At the root
     * Jackson would leave out what a subclass adds to the declared type.
     */
    private record Holder<T>(@JsonValue @Nullable T value) {}

    /** A primitive record component has no value that could mean "missing": 0 or false would be invented. */
    private static final class RequiredPrimitives extends NopAnnotationIntrospector {

        private static final long serialVersionUID = 1L;

        @Override
        public @Nullable Boolean hasRequiredMarker(MapperConfig<?> config, AnnotatedMember member) {
            return (member instanceof AnnotatedParameter && member.getRawType().isPrimitive()) ? Boolean.TRUE : null;
        }
    }
}

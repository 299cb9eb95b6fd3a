package io.procrastinate.json;

import com.fasterxml.jackson.annotation.JsonValue;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamWriteConstraints;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.cfg.MapperConfig;
import tools.jackson.databind.introspect.AnnotatedMember;
import tools.jackson.databind.introspect.AnnotatedParameter;
import tools.jackson.databind.introspect.JacksonAnnotationIntrospector;
import tools.jackson.databind.json.JsonMapper;

/** JSON by Jackson. Thread-safe. */
final class JacksonCodec implements JsonCodec {

    /**
     * Reads whatever PostgreSQL can store: {@link JsonArguments} checks its limits when a job is deferred, and
     * Jackson's own are different. Only the depth is limited, to protect the threads' stacks.
     */
    static final JsonFactory FACTORY = JsonFactory.builder()
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

    static final JsonCodec STANDARD = new JacksonCodec(JsonMapper.builder(FACTORY)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .annotationIntrospector(new RequiredPrimitives())
            .addModule(new LosslessTypes())
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(DateTimeFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
            // Offset and zone are part of the value: they are not converted to UTC, nor a zone to its current offset.
            .disable(DateTimeFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE)
            .disable(DateTimeFeature.NORMALIZE_DESERIALIZED_ZONE_ID)
            .enable(DateTimeFeature.WRITE_DATES_WITH_ZONE_ID)
            .enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
            // NaN does not become a string: what JSON cannot express is refused when the job is deferred.
            .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
            .build());

    private final JsonMapper mapper;

    private JacksonCodec(JsonMapper mapper) {
        this.mapper = mapper;
    }

    @Override
    public String write(@Nullable Object value, Type type) {
        try {
            if (type == Object.class) {
                return mapper.writeValueAsString(value);
            }
            JavaType holder = mapper.getTypeFactory().constructParametricType(Holder.class, mapper.constructType(type));
            return mapper.writerFor(holder).writeValueAsString(new Holder<>(value));
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
        try {
            return mapper.readValue(json, mapper.constructType(type));
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
    private static final class RequiredPrimitives extends JacksonAnnotationIntrospector {

        private static final long serialVersionUID = 1L;

        @Override
        public @Nullable Boolean hasRequiredMarker(MapperConfig<?> config, AnnotatedMember member) {
            Boolean declared = super.hasRequiredMarker(config, member);
            boolean primitive =
                    member instanceof AnnotatedParameter && member.getRawType().isPrimitive();
            return (declared == null && primitive) ? Boolean.TRUE : declared;
        }
    }
}

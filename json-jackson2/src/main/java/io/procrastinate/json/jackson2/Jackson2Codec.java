package io.procrastinate.json.jackson2;

import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.AnnotationIntrospector;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.AnnotatedParameter;
import com.fasterxml.jackson.databind.introspect.NopAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeFeature;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.fasterxml.jackson.module.paramnames.ParameterNamesModule;
import io.procrastinate.json.JsonArguments;
import io.procrastinate.json.JsonCodec;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;

/** JSON by Jackson 2, from 2.19 on. Thread-safe. */
public final class Jackson2Codec implements JsonCodec {

    /**
     * Reads whatever PostgreSQL can store: the limits are checked when a job is deferred, and Jackson's own are
     * different. Only the depth is limited, to protect the threads' stacks.
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
            // NaN does not become a string: what JSON cannot express is refused when the job is deferred.
            .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
            .build();

    private static final JsonCodec STANDARD = new Jackson2Codec(configured(JsonMapper.builder()
            // What Jackson 3 does by default: both write the same text.
            .enable(
                    MapperFeature.SORT_PROPERTIES_ALPHABETICALLY,
                    MapperFeature.SORT_CREATOR_PROPERTIES_BY_DECLARATION_ORDER)
            .disable(MapperFeature.ALLOW_FINAL_FIELDS_AS_MUTATORS, MapperFeature.USE_GETTERS_AS_SETTERS)
            .enable(SerializationFeature.WRITE_ENUMS_USING_TO_STRING)
            .enable(DeserializationFeature.READ_ENUMS_USING_TO_STRING)
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
            .build()));

    private final ObjectMapper mapper;

    private Jackson2Codec(ObjectMapper mapper) {
        this.mapper = mapper;
    }

    /**
     * Returns a codec that reads and writes as the application's own mapper does: with its modules, names and mix-ins.
     * What {@link JsonCodec} promises goes before the mapper's settings: numbers stay exact, times are ISO-8601 text with
     * their offset or zone, and unknown properties and missing primitives are refused.
     *
     * @param mapper is not changed, nor are later changes of it seen
     * @throws IllegalStateException if it is of a subclass that cannot be copied
     */
    public static JsonCodec of(ObjectMapper mapper) {
        return new Jackson2Codec(configured(mapper.copy()));
    }

    /** Returns the codec with a mapper of its own, which writes the same text as that of Jackson 3. */
    public static JsonCodec standard() {
        return STANDARD;
    }

    /** Sets what the promises need, also what a new mapper has by default: another may have it changed. */
    private static ObjectMapper configured(ObjectMapper mapper) {
        AnnotationIntrospector annotations = mapper.getSerializationConfig().getAnnotationIntrospector();
        // Registered again, a module changes nothing.
        return mapper.registerModules(
                        new Jdk8Module(),
                        // Neither a zone nor an offset is converted to another.
                        new JavaTimeModule().disable(JavaTimeFeature.NORMALIZE_DESERIALIZED_ZONE_ID),
                        new ParameterNamesModule(),
                        new LosslessTypes())
                .setAnnotationIntrospector(AnnotationIntrospector.pair(annotations, new RequiredPrimitives()))
                .setDateFormat(new IsoDates())
                .enable(
                        DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS,
                        DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
                        DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
                        DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .disable(
                        DeserializationFeature.ACCEPT_FLOAT_AS_INT,
                        DeserializationFeature.USE_BIG_INTEGER_FOR_INTS,
                        DeserializationFeature.USE_LONG_FOR_INTS,
                        DeserializationFeature.USE_JAVA_ARRAY_FOR_JSON_ARRAY,
                        DeserializationFeature.UNWRAP_ROOT_VALUE,
                        DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_AS_NULL,
                        DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_USING_DEFAULT_VALUE,
                        DeserializationFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE)
                .enable(SerializationFeature.WRITE_DATES_WITH_ZONE_ID)
                .disable(
                        SerializationFeature.INDENT_OUTPUT,
                        SerializationFeature.WRAP_ROOT_VALUE,
                        SerializationFeature.WRITE_SINGLE_ELEM_ARRAYS_UNWRAPPED,
                        SerializationFeature.WRITE_DATES_AS_TIMESTAMPS,
                        SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS);
    }

    @Override
    public String write(@Nullable Object value, Type type) {
        try {
            StringWriter text = new StringWriter(256);
            try (JsonGenerator generator = FACTORY.createGenerator(text).setCodec(mapper)) {
                if (type == Object.class) {
                    mapper.writeValue(generator, value);
                } else {
                    JavaType holder =
                            mapper.getTypeFactory().constructParametricType(Holder.class, mapper.constructType(type));
                    mapper.writerFor(holder).writeValue(generator, new Holder<>(value));
                }
            }
            return text.toString();
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "Cannot be written as JSON" + place(e) + ": " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new IllegalArgumentException("Cannot be written as JSON: " + e.getMessage(), e);
        } catch (ClassCastException e) {
            // A generic type does not match the elements.
            throw new IllegalArgumentException("Is not " + type.getTypeName() + ": " + e.getMessage(), e);
        }
    }

    @Override
    public @Nullable Object read(String json, Type type) {
        try (JsonParser parser = FACTORY.createParser(json)) {
            parser.setCodec(mapper);
            return mapper.readValue(parser, mapper.constructType(type));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "The JSON does not fit " + type.getTypeName() + place(e) + ": " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "The JSON does not fit " + type.getTypeName() + ": " + e.getMessage(), e);
        }
    }

    /** Where in the value the failure is: the properties and indexes, outermost first. */
    private static String place(JsonProcessingException failure) {
        StringBuilder place = new StringBuilder();
        if (failure instanceof JsonMappingException mapping) {
            for (JsonMappingException.Reference reference : mapping.getPath()) {
                if (reference.getFieldName() == null) {
                    place.append('[').append(reference.getIndex()).append(']');
                } else if (!reference.getFieldName().isEmpty()) {
                    place.append(place.isEmpty() ? "" : ".").append(reference.getFieldName());
                }
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
        public @Nullable Boolean hasRequiredMarker(AnnotatedMember member) {
            return (member instanceof AnnotatedParameter && member.getRawType().isPrimitive()) ? Boolean.TRUE : null;
        }
    }
}

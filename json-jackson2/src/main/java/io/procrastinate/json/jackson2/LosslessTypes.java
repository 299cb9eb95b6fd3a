package io.procrastinate.json.jackson2;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.BeanProperty;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.FromStringDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.ContextualSerializer;
import com.fasterxml.jackson.databind.ser.std.CalendarSerializer;
import com.fasterxml.jackson.databind.ser.std.DateSerializer;
import com.fasterxml.jackson.databind.ser.std.DateTimeSerializerBase;
import com.fasterxml.jackson.databind.ser.std.NumberSerializer;
import com.fasterxml.jackson.databind.ser.std.StdScalarSerializer;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import io.procrastinate.json.JsonArguments;
import java.io.File;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.time.DateTimeException;
import java.time.Month;
import java.time.Year;
import java.util.Calendar;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Types whose values Jackson would read back different from what it wrote: written in another form, or refused. */
final class LosslessTypes extends SimpleModule {

    private static final long serialVersionUID = 1L;

    LosslessTypes() {
        // Keeps the order in which a set was written.
        addAbstractTypeMapping(Set.class, LinkedHashSet.class);
        addSerializer(new Decimal());
        text(File.class, File::getPath);
        // Jackson would resolve a relative path against this process's directory.
        text(Path.class, path -> path.isAbsolute() ? path.toUri().toString() : requireNoScheme(path));
        addSerializer(new Text<>(Timestamp.class, LosslessTypes::millis, DateSerializer.instance));
        text(Locale.class, LosslessTypes::tag);
        addDeserializer(Locale.class, new FromText<>(Locale.class, LosslessTypes::locale));
        text(InetSocketAddress.class, LosslessTypes::unresolved);
        addDeserializer(InetSocketAddress.class, new FromText<>(InetSocketAddress.class, LosslessTypes::address));
        addSerializer(new WholeNumber<>(Year.class, Year::getValue));
        addSerializer(new WholeNumber<>(Month.class, Month::getValue));
        addDeserializer(Month.class, new FromText<>(Month.class, LosslessTypes::month));
        text(Pattern.class, LosslessTypes::withoutFlags);
        addSerializer(new Text<>(
                Calendar.class,
                calendar -> {
                    throw lost("A calendar", "its time zone", "a ZonedDateTime");
                },
                CalendarSerializer.instance));
    }

    private <T> void text(Class<T> type, Function<T, String> writing) {
        addSerializer(new Text<>(type, writing, null));
    }

    private static boolean isAsked(JsonFormat.@Nullable Value format) {
        return format != null && (format.hasShape() || format.hasPattern());
    }

    private static String requireNoScheme(Path path) {
        if (path.toString().indexOf(':') >= 0) {
            throw lost("The relative path " + path, "what it is", "a text");
        }
        return path.toString();
    }

    private static String millis(Timestamp timestamp) {
        if (timestamp.getNanos() % 1_000_000 != 0) {
            throw lost("The timestamp " + timestamp, "its microseconds", "an Instant");
        }
        return timestamp.toInstant().toString();
    }

    private static String tag(Locale locale) {
        String tag = locale.equals(Locale.ROOT) ? "" : locale.toLanguageTag();
        if (!locale.equals(Locale.forLanguageTag(tag))) {
            throw lost("The locale " + locale, "what its language tag " + tag + " does not say", "a text");
        }
        return tag;
    }

    private static String unresolved(InetSocketAddress address) {
        if (!address.isUnresolved()) {
            throw lost("The address " + address, "that it is resolved", "InetSocketAddress.createUnresolved");
        }
        return address.getHostString() + ":" + address.getPort();
    }

    private static Locale locale(String tag) {
        return Locale.forLanguageTag(tag.replace('_', '-'));
    }

    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        return colon < 0
                ? InetSocketAddress.createUnresolved(text, 0)
                : InetSocketAddress.createUnresolved(
                        text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
    }

    /** A month's number or name. */
    private static Month month(String text) {
        try {
            return Character.isDigit(text.charAt(0)) ? Month.of(Integer.parseInt(text)) : Month.valueOf(text);
        } catch (DateTimeException | IndexOutOfBoundsException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static String withoutFlags(Pattern pattern) {
        if (pattern.flags() != 0) {
            throw lost("The pattern " + pattern, "its flags", "flags within the pattern");
        }
        return pattern.pattern();
    }

    private static IllegalArgumentException lost(String value, String part, String instead) {
        return new IllegalArgumentException(value + " would lose " + part + " when it is read. Use " + instead + ".");
    }

    private static final class Text<T> extends StdScalarSerializer<T> implements ContextualSerializer {

        private static final long serialVersionUID = 1L;

        private final transient Function<T, String> writing;
        private final transient @Nullable DateTimeSerializerBase<?> formatting;

        /** @param formatting writes the value if an annotation asks for a format; null if there is only one format */
        Text(Class<T> type, Function<T, String> writing, @Nullable DateTimeSerializerBase<?> formatting) {
            super(type);
            this.writing = writing;
            this.formatting = formatting;
        }

        @Override
        public JsonSerializer<?> createContextual(SerializerProvider context, @Nullable BeanProperty property)
                throws JsonMappingException {
            return formatting != null && isAsked(findFormatOverrides(context, property, handledType()))
                    ? formatting.createContextual(context, property)
                    : this;
        }

        @Override
        public void serialize(T value, JsonGenerator generator, SerializerProvider context) throws IOException {
            String text;
            try {
                text = writing.apply(value);
            } catch (IllegalArgumentException e) {
                throw JsonMappingException.from(generator, e.getMessage(), e);
            }
            generator.writeString(text);
        }
    }

    /** Reads what Jackson 2 would read in another way than Jackson 3. */
    private static final class FromText<T> extends FromStringDeserializer<T> {

        private static final long serialVersionUID = 1L;

        private final transient Function<String, T> reading;

        FromText(Class<T> type, Function<String, T> reading) {
            super(type);
            this.reading = reading;
        }

        @Override
        protected T _deserialize(String text, DeserializationContext context) {
            return reading.apply(text);
        }

        @Override
        protected T _deserializeFromEmptyString(DeserializationContext context) {
            return reading.apply("");
        }
    }

    /** Writes a number, unless an annotation asks for another form. */
    private static final class WholeNumber<T> extends StdScalarSerializer<T> implements ContextualSerializer {

        private static final long serialVersionUID = 1L;

        private final transient ToIntFunction<T> writing;

        WholeNumber(Class<T> type, ToIntFunction<T> writing) {
            super(type);
            this.writing = writing;
        }

        @Override
        public JsonSerializer<?> createContextual(SerializerProvider context, @Nullable BeanProperty property) {
            return isAsked(findFormatOverrides(context, property, handledType())) ? ToStringSerializer.instance : this;
        }

        @Override
        public void serialize(T value, JsonGenerator generator, SerializerProvider context) throws IOException {
            generator.writeNumber(writing.applyAsInt(value));
        }
    }

    /** Writes all digits, as PostgreSQL stores them; Jackson writes very long numbers in another form or not at all. */
    private static final class Decimal extends StdScalarSerializer<BigDecimal> implements ContextualSerializer {

        private static final long serialVersionUID = 1L;

        Decimal() {
            super(BigDecimal.class);
        }

        @Override
        public JsonSerializer<?> createContextual(SerializerProvider context, @Nullable BeanProperty property)
                throws JsonMappingException {
            return isAsked(findFormatOverrides(context, property, handledType()))
                    ? NumberSerializer.instance.createContextual(context, property)
                    : this;
        }

        @Override
        public void serialize(BigDecimal value, JsonGenerator generator, SerializerProvider context)
                throws IOException {
            if (!JsonArguments.isStorable(value)) {
                throw JsonMappingException.from(
                        generator,
                        "A decimal of the precision " + value.precision() + " and the scale " + value.scale()
                                + " has more than " + JsonArguments.LIMITS);
            }
            generator.writeNumber(value.toPlainString());
        }
    }
}

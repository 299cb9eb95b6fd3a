package io.procrastinate.json;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.io.File;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.util.Calendar;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.BeanProperty;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.jdk.JavaUtilCalendarSerializer;
import tools.jackson.databind.ser.jdk.JavaUtilDateSerializer;
import tools.jackson.databind.ser.jdk.NumberSerializer;
import tools.jackson.databind.ser.std.StdScalarSerializer;

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
        addSerializer(new Text<>(Timestamp.class, LosslessTypes::millis, JavaUtilDateSerializer.instance));
        text(Locale.class, LosslessTypes::tag);
        text(InetSocketAddress.class, LosslessTypes::unresolved);
        text(Pattern.class, LosslessTypes::withoutFlags);
        addSerializer(new Text<>(
                Calendar.class,
                calendar -> {
                    throw lost("A calendar", "its time zone", "a ZonedDateTime");
                },
                JavaUtilCalendarSerializer.instance));
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

    private static String withoutFlags(Pattern pattern) {
        if (pattern.flags() != 0) {
            throw lost("The pattern " + pattern, "its flags", "flags within the pattern");
        }
        return pattern.pattern();
    }

    private static IllegalArgumentException lost(String value, String part, String instead) {
        return new IllegalArgumentException(value + " would lose " + part + " when it is read. Use " + instead + ".");
    }

    private static final class Text<T> extends StdScalarSerializer<T> {

        private final Function<T, String> writing;
        private final @Nullable ValueSerializer<?> formatting;

        /** @param formatting writes the value if an annotation asks for a format; null if there is only one format */
        Text(Class<T> type, Function<T, String> writing, @Nullable ValueSerializer<?> formatting) {
            super(type);
            this.writing = writing;
            this.formatting = formatting;
        }

        @Override
        public ValueSerializer<?> createContextual(SerializationContext context, @Nullable BeanProperty property) {
            return formatting != null && isAsked(findFormatOverrides(context, property, handledType()))
                    ? formatting.createContextual(context, property)
                    : this;
        }

        @Override
        public void serialize(T value, JsonGenerator generator, SerializationContext context) {
            String text;
            try {
                text = writing.apply(value);
            } catch (IllegalArgumentException e) {
                throw DatabindException.from(generator, e.getMessage(), e);
            }
            generator.writeString(text);
        }
    }

    /** Writes all digits, as PostgreSQL stores them; Jackson writes very long numbers in another form or not at all. */
    private static final class Decimal extends StdScalarSerializer<BigDecimal> {

        Decimal() {
            super(BigDecimal.class);
        }

        @Override
        public ValueSerializer<?> createContextual(SerializationContext context, @Nullable BeanProperty property) {
            return isAsked(findFormatOverrides(context, property, handledType()))
                    ? NumberSerializer.instance.createContextual(context, property)
                    : this;
        }

        @Override
        public void serialize(BigDecimal value, JsonGenerator generator, SerializationContext context) {
            if (!JsonArguments.isStorable(value)) {
                throw DatabindException.from(
                        generator,
                        "A decimal of the precision " + value.precision() + " and the scale " + value.scale()
                                + " has more than " + JsonArguments.LIMITS);
            }
            generator.writeNumber(value.toPlainString());
        }
    }
}

package io.procrastinate.json;

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
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.std.StdScalarSerializer;

/** Types whose values the library would read back as others than it wrote: written in another way, or refused. */
final class LosslessTypes extends SimpleModule {

    private static final long serialVersionUID = 1L;

    LosslessTypes() {
        // In the order in which it was written.
        addAbstractTypeMapping(Set.class, LinkedHashSet.class);
        addSerializer(new Decimal());
        text(File.class, File::getPath);
        // A relative one would become one of this process's directory.
        text(Path.class, path -> path.isAbsolute() ? path.toUri().toString() : requireNoScheme(path));
        text(Timestamp.class, LosslessTypes::millis);
        text(Locale.class, LosslessTypes::tag);
        text(InetSocketAddress.class, LosslessTypes::unresolved);
        text(Pattern.class, LosslessTypes::withoutFlags);
        text(Calendar.class, calendar -> {
            throw lost("A calendar", "its time zone", "a ZonedDateTime");
        });
    }

    private <T> void text(Class<T> type, Function<T, String> writing) {
        addSerializer(new Text<>(type, writing));
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

        Text(Class<T> type, Function<T, String> writing) {
            super(type);
            this.writing = writing;
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

    /** All digits, as PostgreSQL stores them; the library writes a number with very many in another way or not at all. */
    private static final class Decimal extends StdScalarSerializer<BigDecimal> {

        Decimal() {
            super(BigDecimal.class);
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

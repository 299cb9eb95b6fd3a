package io.procrastinate.json.jackson2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Named.named;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.procrastinate.json.JsonCodec;
import java.io.File;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.Month;
import java.time.MonthDay;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.BitSet;
import java.util.Currency;
import java.util.Date;
import java.util.EnumSet;
import java.util.GregorianCalendar;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TimeZone;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is written by a type is read by it as an equal value, or refused; with every library alike. */
abstract class LosslessContract {

    abstract JsonCodec codec();

    private static final ZoneId VIENNA = ZoneId.of("Europe/Vienna");

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Circle.class, name = "circle"),
        @JsonSubTypes.Type(value = Square.class, name = "square")
    })
    sealed interface Shape permits Circle, Square {}

    record Circle(double radius) implements Shape {}

    record Square(int side) implements Shape {}

    record Nulls(@Nullable String text, @Nullable Integer number, Optional<String> maybe) {}

    enum Sign {
        PLUS {
            @Override
            int of(int number) {
                return number;
            }
        },
        MINUS {
            @Override
            int of(int number) {
                return -number;
            }
        };

        abstract int of(int number);
    }

    /** A subclass that its superclass does not name. */
    static class Base {
        public int number;
    }

    static final class Derived extends Base {
        public int more;
    }

    @ParameterizedTest
    @MethodSource
    void readsAnEqualValue(Object value, Type type) {
        assertThat(codec().read(codec().write(value, type), type)).isEqualTo(value);
    }

    @SuppressWarnings("JavaUtilDate") // applications still have some
    static Stream<Arguments> readsAnEqualValue() {
        Instant instant = Instant.parse("2026-01-02T03:04:05.123456789Z");
        ZonedDateTime twice = ZonedDateTime.of(2026, 10, 25, 2, 30, 0, 123_456_789, VIENNA);
        Stream<Arguments> values = Stream.of(
                value(twice),
                value(twice.withLaterOffsetAtOverlap()),
                value(ZonedDateTime.of(2026, 1, 2, 3, 4, 5, 0, ZoneId.of("UTC"))),
                value(ZonedDateTime.of(2026, 1, 2, 3, 4, 5, 0, ZoneOffset.UTC)),
                value(ZonedDateTime.of(2026, 1, 2, 3, 4, 5, 0, ZoneId.of("UTC+1"))),
                value(ZonedDateTime.of(2026, 1, 2, 3, 4, 5, 0, ZoneId.of("+01:00"))),
                value(OffsetDateTime.parse("2026-01-02T03:04:05.123456789+05:30:15")),
                value(OffsetDateTime.MAX),
                value(OffsetTime.parse("03:04:05.1+05:30")),
                value(instant),
                value(Instant.MIN),
                value(Instant.MAX),
                value(LocalDate.MAX),
                value(LocalDateTime.MIN),
                value(LocalTime.MAX),
                value(Year.of(-5)),
                value(YearMonth.of(12345, 2)),
                value(MonthDay.of(2, 29)),
                value(Month.MAY),
                value(DayOfWeek.MONDAY),
                arguments(VIENNA, ZoneId.class),
                value(ZoneOffset.ofHours(2)),
                value(Duration.ofSeconds(Long.MAX_VALUE)),
                value(Duration.ofSeconds(-1, 5)),
                value(Period.of(1, -2, 40)),
                value(new Date(-62_200_000_000_000L)),
                value(Timestamp.from(Instant.parse("2026-01-02T03:04:05.123Z"))),
                arguments(TimeZone.getTimeZone(VIENNA), TimeZone.class));
        Stream<Arguments> numbers = Stream.of(
                value(new BigDecimal("1.10")),
                value(new BigDecimal("0.00")),
                shown("1E-1100", new BigDecimal("1E-1100")),
                shown("1E-16383", new BigDecimal("1E-16383")),
                shown("10^1000", BigInteger.TEN.pow(1000)),
                shown("-10^131071", BigInteger.TEN.pow(131_071).negate()),
                value(Double.MIN_VALUE),
                value(Double.MAX_VALUE),
                value(Float.MIN_VALUE),
                value(16_777_215f),
                value((byte) -1),
                value((short) -3),
                value(Long.MIN_VALUE),
                arguments(5L, long.class),
                value('x'),
                value(true),
                value(new byte[] {1, -1, 0}),
                value(new char[] {'a', 'b'}),
                value(new int[][] {{1}, {2}}),
                value(OptionalInt.of(3)),
                value(OptionalLong.empty()),
                value(OptionalDouble.of(0.5)));
        Stream<Arguments> texts = Stream.of(
                value(new UUID(1, 2)),
                value(Locale.forLanguageTag("de-DE-u-co-phonebk")),
                value(Locale.ROOT),
                value(Currency.getInstance("EUR")),
                value(URI.create("")),
                value(URI.create("a%20b")),
                arguments(url(), URL.class),
                arguments(Path.of("a/b c"), Path.class),
                arguments(Path.of("/tmp/ä"), Path.class),
                value(new File("a/b")),
                value(InetSocketAddress.createUnresolved("localhost", 80)),
                value(""));
        Stream<Arguments> generics = Stream.of(
                arguments(Optional.of(new Circle(1)), type(new Reference<Optional<Shape>>() {})),
                arguments(Optional.empty(), type(new Reference<Optional<String>>() {})),
                arguments(List.of(new Circle(1), new Square(2)), type(new Reference<List<Shape>>() {})),
                arguments(Map.of("a", new Circle(1)), type(new Reference<Map<String, Shape>>() {})),
                arguments(new Shape[] {new Circle(1)}, Shape[].class),
                arguments(new Circle(2), Circle.class),
                arguments(new Circle(2), Shape.class),
                arguments(List.of(new Circle(2)), type(new Reference<List<Circle>>() {})),
                value(new Nulls(null, null, Optional.empty())),
                arguments(Sign.MINUS, Sign.class),
                arguments(Map.of(Sign.PLUS, 1), type(new Reference<Map<Sign, Integer>>() {})),
                arguments(EnumSet.allOf(Sign.class), type(new Reference<EnumSet<Sign>>() {})),
                arguments(Map.of(7, "a"), type(new Reference<Map<Integer, String>>() {})),
                arguments(Map.of(new UUID(1, 2), 1), type(new Reference<Map<UUID, Integer>>() {})),
                arguments(Map.of(twice, 1), type(new Reference<Map<ZonedDateTime, Integer>>() {})),
                arguments(Map.of(instant, 1), type(new Reference<Map<Instant, Integer>>() {})),
                arguments(Map.of(new BigDecimal("1.10"), 1), type(new Reference<Map<BigDecimal, Integer>>() {})),
                arguments(
                        named("a long name", Map.of("x".repeat(60_000), 1)),
                        type(new Reference<Map<String, Integer>>() {})),
                arguments(new LinkedHashSet<>(List.of(3, 1, 2)), type(new Reference<Set<Integer>>() {})));
        return Stream.of(values, numbers, texts, generics).flatMap(all -> all);
    }

    /** An app can change its library while jobs wait. */
    @ParameterizedTest
    @MethodSource("readsAnEqualValue")
    void writesAndReadsTheTextOfTheStandardCodec(Object value, Type type) {
        String text = JsonCodec.standard().write(value, type);

        assertThat(codec().write(value, type)).isEqualTo(text);
        assertThat(codec().read(text, type)).isEqualTo(value);
    }

    @Test
    void keepsTheOrderOfASetAndOfAMap() {
        Type set = type(new Reference<Set<Integer>>() {});
        Type map = type(new Reference<Map<Integer, Integer>>() {});
        Map<Integer, Integer> numbers = new LinkedHashMap<>();
        List.of(3, 1, 2).forEach(number -> numbers.put(number, -number));

        assertThat((Set<?>) codec().read(codec().write(numbers.keySet(), set), set))
                .map(Object::toString)
                .containsExactly("3", "1", "2");
        assertThat(String.valueOf(codec().read(codec().write(numbers, map), map)))
                .isEqualTo("{3=-3, 1=-1, 2=-2}");
    }

    /**
     * An equal value, though {@code equals} asks for more: PostgreSQL stores digits, no scale below 0 and no negative
     * zero.
     */
    @Test
    void keepsTheValueOfNumbersThatAreWrittenInAnotherWay() {
        for (String number : List.of("1E+3", "0E+5", "1E+400", "-1E+131071")) {
            BigDecimal decimal = new BigDecimal(number);
            assertThat((BigDecimal) codec().read(codec().write(decimal, BigDecimal.class), BigDecimal.class))
                    .isEqualByComparingTo(decimal);
        }
        assertThat(codec().write(-0.0, Double.class)).isEqualTo("-0.0");
    }

    @Test
    void writesASubclassWhole() {
        Derived derived = new Derived();
        derived.number = 1;
        derived.more = 2;

        assertThat(codec().write(derived, Base.class)).contains("\"number\":1", "\"more\":2");
    }

    @ParameterizedTest
    @MethodSource
    void refusesWhatWouldLoseSomething(Object value, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec().write(Map.of("a", List.of(value)), Map.class))
                .withMessageContaining("at 'a[0]'")
                .withMessageContaining(message);
    }

    static Stream<Arguments> refusesWhatWouldLoseSomething() {
        return Stream.of(
                arguments(GregorianCalendar.from(ZonedDateTime.now(VIENNA)), "Use a ZonedDateTime"),
                arguments(Timestamp.from(Instant.ofEpochSecond(1, 1000)), "Use an Instant"),
                arguments(Locale.forLanguageTag("no-NO-x-lvariant-NY"), "language tag nn-NO"),
                arguments(new InetSocketAddress(InetAddress.getLoopbackAddress(), 80), "createUnresolved"),
                arguments(Path.of("a:b"), "Use a text"),
                arguments(Pattern.compile("a", Pattern.CASE_INSENSITIVE), "flags within the pattern"),
                arguments(new BigDecimal("1E-16384"), "131072 digits before the decimal point or 16383 after"),
                arguments(new BigDecimal("1E+131072"), "131072 digits before the decimal point or 16383 after"));
    }

    @Test
    void doesNotReadWhatItsClassCannotBeReadFrom() {
        BitSet bits = new BitSet();
        bits.set(5);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec().read(codec().write(bits, BitSet.class), BitSet.class))
                .withMessageContaining("java.util.BitSet at 'empty'");
    }

    /** What an application asks for by an annotation goes before. */
    private record Asked(
            @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal total,
            @JsonFormat(pattern = "yyyy", timezone = "UTC") Timestamp year) {}

    @Test
    void writesInTheFormThatAnAnnotationAsksFor() {
        Asked asked = new Asked(new BigDecimal("0.10"), Timestamp.from(Instant.parse("2026-01-01T00:00:00.0000005Z")));

        assertThat(codec().write(asked, Asked.class)).isEqualTo("{\"total\":\"0.10\",\"year\":\"2026\"}");
    }

    private static Arguments value(Object value) {
        return arguments(value, value.getClass());
    }

    private static Arguments shown(String name, Object value) {
        return arguments(named(name, value), value.getClass());
    }

    private static Type type(Reference<?> reference) {
        return ((ParameterizedType) reference.getClass().getGenericSuperclass()).getActualTypeArguments()[0];
    }

    /** Keeps a generic type. */
    abstract static class Reference<T> {}

    private static URL url() {
        try {
            return URI.create("http://localhost/y?z").toURL();
        } catch (MalformedURLException e) {
            throw new IllegalStateException(e);
        }
    }
}

package io.procrastinate.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.procrastinate.App;
import io.procrastinate.exception.InvalidJobException;
import io.procrastinate.json.JsonCodec;
import io.procrastinate.memory.InMemoryConnector;
import java.lang.reflect.Type;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Calendar;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Arguments arrive as they were given, whatever way they took; what cannot arrive is refused when it is deferred. */
class ArgumentTypesTest {

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Circle.class, name = "circle"),
        @JsonSubTypes.Type(value = Square.class, name = "square")
    })
    sealed interface Shape permits Circle, Square {}

    record Circle(double radius) implements Shape {}

    record Square(int side) implements Shape {}

    record Drawing(
            Shape frame,
            List<Shape> shapes,
            Optional<Shape> hidden,
            @JsonProperty("drawn_at") ZonedDateTime drawnAt) {}

    record Untold(Runnable code) {}

    record Bits(BitSet bits) {}

    record Day(Calendar day) {}

    private static final ZonedDateTime DRAWN = ZonedDateTime.of(2026, 10, 24, 8, 0, 0, 0, ZoneId.of("Europe/Vienna"));
    private static final Drawing DRAWING =
            new Drawing(new Square(9), List.of(new Circle(0.5), new Square(2)), Optional.of(new Circle(1)), DRAWN);
    private static final Map<String, @Nullable Object> MAP = Map.of(
            "frame",
            new Square(9),
            "shapes",
            List.of(new Circle(0.5), new Square(2)),
            "hidden",
            Optional.of(new Circle(1)),
            "drawn_at",
            DRAWN);

    private final List<@Nullable Object> seen = new ArrayList<>();
    private final App app =
            App.builder().connector(new InMemoryConnector()).build().open();

    @SuppressWarnings("unused") // found by their annotations
    final class Methods {

        @ProcrastinateTask(name = "draw")
        void draw(
                Shape frame, List<Shape> shapes, Optional<Shape> hidden, @Argument("drawn_at") ZonedDateTime drawnAt) {
            seen.add(new Drawing(frame, shapes, hidden, drawnAt));
        }

        @ProcrastinateTask(name = "bits")
        void bits(BitSet bits) {
            seen.add(bits);
        }

        @ProcrastinateTask(name = "at")
        void at(Instant time, long number) {
            seen.add(time.getEpochSecond() + number);
        }
    }

    @Test
    void aRecordArrivesAsItWas() {
        Task<Drawing> task = app.task("draw", Drawing.class).run(seen::add);
        task.defer(DRAWING);
        task.batchDefer(List.of(DRAWING));
        app.drain();
        assertThat(seen).containsExactly(DRAWING, DRAWING);
    }

    @Test
    void aMapOfValuesArrivesAsTheRecordThatItStandsFor() {
        app.task("draw", Drawing.class).run(seen::add);
        app.configureTask("draw").defer(MAP);
        app.drain();
        assertThat(seen).containsExactly(DRAWING);
    }

    @Test
    void aMapOfValuesArrivesAsTheParametersOfAMethod() {
        app.addTasks(new Methods());
        app.configureTask("draw").defer(MAP);
        app.drain();
        assertThat(seen).containsExactly(DRAWING);
    }

    @Test
    void anEmptyOptionalArrivesAsAParameter() {
        app.addTasks(new Methods());
        app.configureTask("draw")
                .defer(Map.of(
                        "frame", new Square(1), "shapes", List.of(), "hidden", Optional.empty(), "drawn_at", DRAWN));
        app.drain();
        assertThat(seen).containsExactly(new Drawing(new Square(1), List.of(), Optional.empty(), DRAWN));
    }

    @Test
    void whatJsonWouldBeReadAsStandsForItsValues() {
        app.addTasks(new Methods());
        app.configureTask("draw")
                .defer(Map.of(
                        "frame", Map.of("type", "square", "side", 9),
                        "shapes", List.of(Map.of("type", "circle", "radius", 0.5), Map.of("type", "square", "side", 2)),
                        "hidden", Map.of("type", "circle", "radius", 1),
                        "drawn_at", DRAWN.toString()));
        app.configureTask("at").defer(Map.of("time", "1970-01-01T00:00:10Z", "number", 1));
        app.drain();
        assertThat(seen).containsExactly(DRAWING, 11L);
    }

    @Test
    void whatCannotBeReadIsRefusedWhenItIsDeferred() {
        app.addTasks(new Methods());
        Task<Untold> untold = app.task("untold", Untold.class).run(seen::add);
        Task<Bits> bits = app.task("record", Bits.class).run(seen::add);
        Task<Day> day = app.task("day", Day.class).run(seen::add);

        assertRefused(() -> untold.defer(new Untold(() -> {})), "arguments of untold", "java.lang.Runnable", "'code'");
        assertRefused(() -> bits.batchDefer(List.of(new Bits(new BitSet()))), "arguments of record", "'bits.empty'");
        assertRefused(
                () -> day.defer(new Day(Calendar.getInstance())), "arguments of day", "'day'", "Use a ZonedDateTime");
        assertRefused(
                () -> app.configureTask("bits").defer(Map.of("bits", new BitSet())),
                "argument bits",
                "java.util.BitSet");
        assertRefused(
                () -> app.configureTask("at").defer(Map.of("time", "now", "number", 1)),
                "argument time does not fit",
                "java.time.Instant");
        assertThat(app.drain()).isEmpty();
    }

    @Test
    void aScheduleIsWrittenByTheTypesToo() {
        app.task("draw", Map.class).run(seen::add);
        app.addTasks(new Object() {
            @SuppressWarnings("UnusedMethod") // workers call it
            @ProcrastinateTask(name = "scheduled", cron = "@hourly")
            void scheduled(long timestamp) {
                seen.add(timestamp);
            }
        });
        Task<?> task = app.tasks().named("scheduled").orElseThrow();
        assertThat(app.tasks()
                        .job(task, task.periodics().get(0), Instant.ofEpochSecond(3600))
                        .args())
                .isEqualTo("{\"timestamp\":3600}");
    }

    @Test
    void aCodecOfOnesOwnIsGivenTheTypes() {
        List<String> types = new ArrayList<>();
        JsonCodec codec = new JsonCodec() {
            @Override
            public String write(@Nullable Object value, Type type) {
                types.add(type.getTypeName());
                return JsonCodec.standard().write(value, type);
            }

            @Override
            public @Nullable Object read(String json, Type type) {
                return JsonCodec.standard().read(json, type);
            }
        };
        try (App own = App.builder()
                .connector(new InMemoryConnector())
                .jsonCodec(codec)
                .build()
                .open()) {
            own.addTasks(new Methods());
            own.configureTask("draw").defer(MAP);
        }
        assertThat(types)
                .contains(Shape.class.getName(), "java.util.List<" + Shape.class.getName() + ">")
                .endsWith("java.lang.Object");
    }

    private static void assertRefused(Runnable deferral, String... messages) {
        assertThatExceptionOfType(InvalidJobException.class)
                .isThrownBy(deferral::run)
                .satisfies(refusal -> assertThat(refusal).hasMessageContainingAll(messages));
    }
}

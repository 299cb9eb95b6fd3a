package io.procrastinate.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.periodic.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Schedules are due when Procrastinate's own cron library says so, or are refused. */
class CronTest {

    private static final int CASES = 6000;

    /** Why expressions are refused that the library accepts: cron implementations disagree about them. */
    private static final List<String> REFUSALS = List.of(
            "begins and ends with the same value",
            "has a step that does not meet the beginning of the field",
            "mixes days of every week with those of a month",
            "one of them must be *");

    private final Random random = new Random(20_261_130);

    @Test
    void isDueWhenTheOriginalIs(@TempDir Path folder) throws IOException {
        List<Case> cases =
                Stream.generate(this::anyCase).limit(CASES).distinct().toList();
        Path file = folder.resolve("cases.txt");
        Files.write(file, cases.stream().map(Case::toString).toList());

        List<String> original = run(file);

        List<String> differences = new ArrayList<>();
        int due = 0;
        for (int index = 0; index < cases.size(); index++) {
            Case one = cases.get(index);
            String ours = one.times();
            if (ours.equals(original.get(index))) {
                due += ours.equals("null") ? 0 : 1;
            } else if (!ours.equals("null") || REFUSALS.stream().noneMatch(one.refusal()::contains)) {
                differences.add(one + ": here " + ours + " " + one.refusal() + ", there " + original.get(index));
            }
        }
        assertThat(differences).isEmpty();
        assertThat(due).isGreaterThan(CASES / 3);
    }

    private static List<String> run(Path file) {
        try (ChildProcess python = PythonRelease.NEWEST.python(
                ConnectorSettings.builder().build(),
                PythonRelease.SOURCES.resolve("cron_times.py").toString(),
                file.toString())) {
            assertThat(python.awaitExit(Duration.ofMinutes(5)))
                    .as(python::toString)
                    .isZero();
            return python.output().lines().toList();
        }
    }

    private Case anyCase() {
        List<String> fields = new ArrayList<>(List.of(
                field(0, 59, List.of()),
                field(0, 23, List.of()),
                days(),
                field(1, 12, List.of("jan", "FEB", "mar", "Apr", "jun", "jul", "NOV", "dec")),
                weekdays()));
        if (random.nextInt(4) == 0) {
            fields.add(field(0, 59, List.of()));
        }
        long instant = random.nextLong(Instant.parse("1990-01-01T00:00:00Z").getEpochSecond(), 4_000_000_000L);
        return new Case(instant, String.join(" ", fields));
    }

    private String days() {
        return switch (random.nextInt(12)) {
            case 0 -> "L";
            case 1 -> "?";
            case 2 -> random.nextInt(1, 33) + "W";
            case 3 -> random.nextInt(1, 32) + "-L";
            default -> field(1, 31, List.of());
        };
    }

    private String weekdays() {
        String day = random.nextBoolean() ? "" + random.nextInt(9) : any(List.of("sun", "MON", "Fri", "sat"));
        return switch (random.nextInt(12)) {
            case 0 -> "L" + random.nextInt(9);
            case 1 -> "?";
            case 2 -> day + "#" + random.nextInt(7);
            case 3 -> "fri-" + any(List.of("mon", "sat")) + "#" + random.nextInt(1, 6);
            default -> field(0, 7, List.of("sun", "MON", "tue", "Wed", "thu", "FRI", "sat"));
        };
    }

    private String field(int least, int greatest, List<String> names) {
        if (random.nextInt(3) == 0) {
            return "*";
        }
        return String.join(
                ",",
                Stream.generate(() -> part(least, greatest, names))
                        .limit(random.nextInt(4) == 0 ? 2 + random.nextInt(3) : 1)
                        .toList());
    }

    private String part(int least, int greatest, List<String> names) {
        // Sometimes out of the field's range.
        int beyond = random.nextInt(30) == 0 ? 2 : 0;
        String low = value(least, greatest + beyond, names);
        String high = value(least, greatest + beyond, names);
        int step = random.nextInt(greatest > 12 ? 31 : 5);
        return switch (random.nextInt(6)) {
            case 0 -> low;
            case 1 -> low + "-" + high;
            case 2 -> low + "-" + high + "/" + step;
            case 3 -> low + "/" + step;
            case 4 -> "*/" + step;
            default -> random.nextInt(8) == 0 ? "*" : low + "-" + high;
        };
    }

    private String value(int least, int greatest, List<String> names) {
        return names.isEmpty() || random.nextBoolean() ? "" + random.nextInt(least, greatest + 1) : any(names);
    }

    private String any(List<String> choice) {
        return choice.get(random.nextInt(choice.size()));
    }

    /** An expression, and an instant from which to look. */
    private record Case(long instant, String expression) {

        /** The next three times and the last three, as the Python side prints them. */
        String times() {
            if (!refusal().isEmpty()) {
                return "null";
            }
            Schedule schedule = Schedule.cron(expression);
            List<Long> times = new ArrayList<>();
            Instant ahead = Instant.ofEpochSecond(instant);
            Instant back = ahead;
            for (int index = 0; index < 3; index++) {
                ahead = present(schedule.after(ahead));
                times.add(ahead.getEpochSecond());
            }
            for (int index = 0; index < 3; index++) {
                back = present(schedule.atOrBefore(back.minusNanos(1)));
                times.add(back.getEpochSecond());
            }
            return times.toString();
        }

        String refusal() {
            try {
                Schedule.cron(expression);
                return "";
            } catch (IllegalArgumentException e) {
                return String.valueOf(e.getMessage());
            }
        }

        private static Instant present(Optional<Instant> due) {
            return due.orElseThrow();
        }

        @Override
        public String toString() {
            return instant + "\t" + expression;
        }
    }
}

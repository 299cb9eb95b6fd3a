package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import io.procrastinate.benchmarks.Results.Ratio;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/** Reports the results as text and as JSON. */
final class Report {

    private static final ObjectWriter JSON = JsonMapper.shared().writerWithDefaultPrettyPrinter();

    /** The systems that ratios may refer to, in order of preference. */
    private static final List<String> REFERENCES = List.of("raw-pgjdbc", "nearly empty", "pgjdbc");

    private final Results results;
    private final Map<String, String> machine;

    Report(Results results, Map<String, String> machine) {
        this.results = results;
        this.machine = machine;
    }

    /** The system that the ratios of a figure refer to. */
    static Optional<String> reference(Results results, Figure figure) {
        return REFERENCES.stream().filter(results.systems(figure)::contains).findFirst();
    }

    /** The systems of a figure, the best first. */
    static List<String> ranked(Results results, Figure figure) {
        Comparator<String> byMedian = Comparator.comparingDouble(system -> results.median(figure, system));
        return results.systems(figure).stream()
                .sorted(figure.better() == Better.MORE ? byMedian.reversed() : byMedian)
                .toList();
    }

    /** The table for the terminal, with what was measured. */
    String table() {
        return text(true);
    }

    /** The table with ratios only, which mean something on other machines too. */
    String ratioTable() {
        return text(false);
    }

    private String text(boolean absolute) {
        StringBuilder text = new StringBuilder();
        machine.forEach((name, value) -> line(text, "%s: %s", name, value));
        for (Figure figure : results.figures()) {
            Optional<String> reference = reference(results, figure);
            line(text, "");
            line(
                    text,
                    "%s (%s is better)%s",
                    figure.title(),
                    figure.better() == Better.MORE ? "more" : "less",
                    reference.map(name -> ", ratio to " + name).orElse(""));
            for (String system : ranked(results, figure)) {
                String value = absolute ? "%12.2f ".formatted(results.median(figure, system)) : "";
                String ratio = reference
                        .flatMap(name -> results.ratio(figure, system, name))
                        .map(Report::text)
                        .orElse("");
                line(text, "  %-22s %s%s", system, value, ratio);
            }
        }
        targets(text);
        if (!results.unavailable().isEmpty()) {
            line(text, "");
            line(text, "Not measured");
            results.unavailable().forEach((what, why) -> line(text, "  %s: %s", what, why));
        }
        return text.toString();
    }

    private void targets(StringBuilder text) {
        List<Target> targets = Target.of(results);
        if (targets.isEmpty()) {
            return;
        }
        line(text, "");
        line(text, "Targets");
        for (Target target : targets) {
            line(
                    text,
                    "  %-7s %s: %s against %s %s, wanted at %s %s",
                    target.isReached() ? "reached" : "MISSED",
                    target.work(),
                    target.ours(),
                    target.against(),
                    text(target.ratio()),
                    target.better() == Better.MORE ? "least" : "most",
                    target.wanted());
        }
    }

    private static String text(Ratio ratio) {
        return String.format(Locale.ROOT, "%.2f (%.2f to %.2f)", ratio.median(), ratio.least(), ratio.most());
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values).stripTrailing()).append('\n');
    }

    /** Writes {@code ratios.txt} and {@code ratios.json}, and {@code samples.json} with every value of every round. */
    void write(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("ratios.txt"), ratioTable());
        Files.writeString(folder.resolve("ratios.json"), JSON.writeValueAsString(ratios()) + "\n");
        Files.writeString(folder.resolve("samples.json"), JSON.writeValueAsString(samples()) + "\n");
    }

    private Map<String, Object> ratios() {
        return document(figure -> {
            Map<String, Object> ratios = new LinkedHashMap<>();
            reference(results, figure).ifPresent(reference -> {
                ratios.put("reference", reference);
                for (String system : ranked(results, figure)) {
                    results.ratio(figure, system, reference).ifPresent(ratio -> ratios.put(system, ratio));
                }
            });
            return ratios;
        });
    }

    private Map<String, Object> samples() {
        return document(figure -> {
            Map<String, Object> samples = new LinkedHashMap<>();
            ranked(results, figure).forEach(system -> samples.put(system, List.copyOf(results.rounds(figure, system))));
            return samples;
        });
    }

    private Map<String, Object> document(java.util.function.Function<Figure, Map<String, Object>> values) {
        List<Map<String, Object>> figures = new ArrayList<>();
        for (Figure figure : results.figures()) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("figure", figure);
            entry.put("systems", values.apply(figure));
            figures.add(entry);
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("machine", machine);
        document.put("figures", figures);
        document.put("targets", Target.of(results));
        document.put("notMeasured", results.unavailable());
        return document;
    }
}

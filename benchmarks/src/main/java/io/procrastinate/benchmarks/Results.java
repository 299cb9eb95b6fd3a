package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** What was measured, by figure, system and round. Not thread-safe. */
final class Results {

    private final Map<Figure, Map<String, Map<Integer, Double>>> values = new LinkedHashMap<>();
    private final Map<String, String> unavailable = new LinkedHashMap<>();

    /** How one system compares with another: the median of the ratios within each round, and their range. */
    record Ratio(double median, double least, double most, int rounds) {}

    void add(Figure figure, String system, int round, double value) {
        values.computeIfAbsent(figure, any -> new LinkedHashMap<>())
                .computeIfAbsent(system, any -> new TreeMap<>())
                .put(round, value);
    }

    /** Notes why a system, or a part of a measurement, has no results. */
    void unavailable(String what, String why) {
        unavailable.put(what, why);
    }

    Map<String, String> unavailable() {
        return Collections.unmodifiableMap(unavailable);
    }

    Set<Figure> figures() {
        return Collections.unmodifiableSet(values.keySet());
    }

    /** The figure of a measurement in one variant and unit. */
    Optional<Figure> figure(String measure, String variant, String unit) {
        return values.keySet().stream()
                .filter(figure -> figure.measure().equals(measure)
                        && figure.variant().equals(variant)
                        && figure.unit().equals(unit))
                .findFirst();
    }

    Set<String> systems(Figure figure) {
        return values.getOrDefault(figure, Map.of()).keySet();
    }

    /** The values of a system, round by round. */
    Collection<Double> rounds(Figure figure, String system) {
        return values.getOrDefault(figure, Map.of())
                .getOrDefault(system, Map.of())
                .values();
    }

    double median(Figure figure, String system) {
        return median(rounds(figure, system));
    }

    /** How a system compares with another; empty if one of them has no result. */
    Optional<Ratio> ratio(Figure figure, String system, String other) {
        Map<String, Map<Integer, Double>> bySystem = values.getOrDefault(figure, Map.of());
        Map<Integer, Double> others = bySystem.getOrDefault(other, Map.of());
        List<Double> ratios = new ArrayList<>();
        bySystem.getOrDefault(system, Map.of()).forEach((round, value) -> {
            Double divisor = others.get(round);
            if (divisor != null && divisor > 0) {
                ratios.add(value / divisor);
            }
        });
        return ratios.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new Ratio(median(ratios), Collections.min(ratios), Collections.max(ratios), ratios.size()));
    }

    /** The best of the given systems, by the median. */
    Optional<String> best(Figure figure, Collection<String> among) {
        Comparator<String> byMedian = Comparator.comparingDouble(system -> median(figure, system));
        return systems(figure).stream()
                .filter(among::contains)
                .max(figure.better() == Better.MORE ? byMedian : byMedian.reversed());
    }

    static double median(Collection<Double> numbers) {
        return at(numbers, 0.5);
    }

    /** The value below which a share of the numbers lies, interpolated between neighbours. */
    static double at(Collection<Double> numbers, double share) {
        List<Double> sorted = numbers.stream().sorted().toList();
        if (sorted.isEmpty()) {
            return Double.NaN;
        }
        double position = share * (sorted.size() - 1);
        int below = (int) position;
        int above = Math.min(below + 1, sorted.size() - 1);
        return sorted.get(below) + (position - below) * (sorted.get(above) - sorted.get(below));
    }
}

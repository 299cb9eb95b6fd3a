package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import io.procrastinate.benchmarks.MeasuredSystem.Kind;
import io.procrastinate.benchmarks.Results.Ratio;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A ratio that this library wants to reach.
 *
 * @param work what is done
 * @param ours which of our systems
 * @param against the other system, or the best of several
 * @param ratio what was measured
 * @param wanted the target: a minimum if more is better, else a maximum
 * @param better which way is better
 */
record Target(String work, String ours, String against, Ratio ratio, double wanted, Better better) {

    private static final List<String> PEERS = MeasuredSystem.all().stream()
            .filter(system -> system.kind() == Kind.PEER)
            .map(MeasuredSystem::name)
            .toList();

    boolean isReached() {
        return better == Better.MORE ? ratio.median() >= wanted : ratio.median() <= wanted;
    }

    /** Every target that can be compared with the results. */
    static List<Target> of(Results results) {
        List<Target> targets = new ArrayList<>();
        for (Figure figure : results.figures()) {
            switch (figure.measure()) {
                case "drain" -> drain(results, figure, targets);
                case "defer" -> defer(results, figure, targets);
                case "batch" -> batch(results, figure, targets);
                case "latency" -> {
                    if (!figure.unit().startsWith("p99")) {
                        best(results, figure, "pgjdbc", PEERS, 0.75, targets);
                    }
                }
                case "fetch" -> add(results, figure, "backlog", "nearly empty", 2, targets);
                default -> {
                    // has no target
                }
            }
        }
        return targets;
    }

    private static void drain(Results results, Figure figure, List<Target> targets) {
        if (!figure.variant().equals("concurrency 100")) {
            return;
        }
        if (figure.unit().equals("jobs/s")) {
            add(results, figure, "pgjdbc", "raw-pgjdbc", 0.85, targets);
            add(results, figure, "vertx", "raw-vertx", 0.85, targets);
            best(results, figure, "pgjdbc", PEERS, 1.1, targets);
            best(results, figure, "vertx", PEERS, 1.1, targets);
            best(results, figure, "pgjdbc+local-queue", PEERS, 1.1, targets);
            best(results, figure, "vertx+local-queue", PEERS, 1.1, targets);
            add(results, figure, "pgjdbc@python", "db-scheduler", 2, targets);
            add(results, figure, "pgjdbc@python", "jobrunr", 13, targets);
            add(results, figure, "pgjdbc@python", "procrastinate-python", 25, targets);
        } else if (figure.unit().startsWith("server CPU")) {
            add(results, figure, "pgjdbc", "raw-pgjdbc", 1.15, targets);
            add(results, figure, "vertx", "raw-vertx", 1.15, targets);
        }
    }

    private static void defer(Results results, Figure figure, List<Target> targets) {
        if (figure.unit().equals("jobs/s")) {
            best(results, figure, "pgjdbc", PEERS, figure.variant().equals("sequential") ? 1.1 : 2, targets);
        }
    }

    private static void batch(Results results, Figure figure, List<Target> targets) {
        if (!figure.unit().equals("jobs/s")) {
            return;
        }
        add(results, figure, "pgjdbc", "raw-pgjdbc", 0.85, targets);
        add(results, figure, "pgjdbc", "pg-boss", 1.2, targets);
        add(results, figure, "pgjdbc", "db-scheduler", 1.2, targets);
    }

    private static void best(
            Results results, Figure figure, String ours, List<String> others, double wanted, List<Target> targets) {
        Predicate<String> isOther = other -> !other.equals(ours);
        results.best(figure, others.stream().filter(isOther).toList())
                .ifPresent(other -> add(results, figure, ours, other, wanted, targets));
    }

    private static void add(
            Results results, Figure figure, String ours, String other, double wanted, List<Target> targets) {
        Optional<Ratio> ratio = results.ratio(figure, ours, other);
        ratio.ifPresent(
                measured -> targets.add(new Target(figure.title(), ours, other, measured, wanted, figure.better())));
    }
}

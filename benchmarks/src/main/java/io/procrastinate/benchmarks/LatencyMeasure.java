package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import io.procrastinate.benchmarks.SystemProcess.SystemProcessException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** How long after its deferral in one process a job starts in an idle worker in another. */
final class LatencyMeasure implements Measure {

    private static final int AHEAD_MILLIS = 250;

    private static final int CONCURRENCY = 10;
    private static final int WARM_UP = 20;
    private static final int PROBES_PER_SECOND = 20;
    private static final int PAUSE_MILLIS = 33;
    private static final Duration SETTLING = Duration.ofSeconds(1);
    private static final Duration ARRIVAL = Duration.ofSeconds(30);
    private static final Map<String, Double> SHARES = Map.of("p50 ms", 0.5, "p95 ms", 0.95, "p99 ms", 0.99);

    private final String name;
    private final int ahead;

    private LatencyMeasure(String name, int ahead) {
        this.name = name;
        this.ahead = ahead;
    }

    /** From before a job is deferred to when it starts. */
    static Measure ofDeferring() {
        return new LatencyMeasure("latency", 0);
    }

    /** From when a scheduled job is due to when it starts. */
    static Measure ofSchedules() {
        return new LatencyMeasure("schedule", AHEAD_MILLIS);
    }

    @Override
    public void run(Field field) {
        field.say(name);
        Map<String, SystemProcess> senders = new HashMap<>();
        try {
            field.rounds(name, (running, round) -> {
                SystemProcess sender = senders.computeIfAbsent(running.name(), name -> field.start(running.system()));
                turn(field, running, sender, round);
            });
        } finally {
            senders.values().forEach(SystemProcess::close);
        }
    }

    private void turn(Field field, RunningSystem running, SystemProcess sender, int round) {
        int probes = (int) Math.max(WARM_UP, PROBES_PER_SECOND * field.options().seconds());
        running.clear();
        running.settle();
        running.ask("work", Map.of("concurrency", CONCURRENCY));
        Pauses.sleep(SETTLING);
        sender.ask("probe", probes(WARM_UP));
        arrived(running, WARM_UP);
        sender.ask("probe", probes(probes));
        List<Double> millis = arrived(running, WARM_UP + probes).subList(WARM_UP, WARM_UP + probes);
        running.ask("stop", Map.of());
        field.say("  round %d %-22s p50 %.1f ms", round, running.name(), Results.median(millis));
        if (round > 0) {
            SHARES.forEach((unit, share) -> field.results()
                    .add(new Figure(name, "", unit, Better.LESS), running.name(), round, Results.at(millis, share)));
        }
    }

    private Map<String, Object> probes(int calls) {
        Map<String, Object> parameters = Map.of("calls", calls, "pause", PAUSE_MILLIS);
        if (ahead == 0) {
            return parameters;
        }
        Map<String, Object> scheduled = new HashMap<>(parameters);
        scheduled.put("ahead", ahead);
        return scheduled;
    }

    private static List<Double> arrived(RunningSystem running, int expected) {
        long end = System.nanoTime() + ARRIVAL.toNanos();
        while (true) {
            JsonNode millis = running.ask("latencies", Map.of()).get("millis");
            if (millis.size() >= expected) {
                List<Double> numbers = new ArrayList<>();
                millis.forEach(number -> numbers.add(number.asDouble()));
                return numbers;
            }
            if (System.nanoTime() > end) {
                throw new SystemProcessException(
                        running.name() + " has started " + millis.size() + " of " + expected + " jobs");
            }
            Pauses.sleep(Duration.ofMillis(50));
        }
    }
}

package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Single deferrals: sequential, and by many threads at once. */
final class DeferMeasure implements Measure {

    private static final int WARM_UP = 50;
    private static final String MEASURE = "defer";

    @Override
    public void run(Field field) {
        for (int threads : field.options().threads()) {
            Map<String, Integer> calls = new HashMap<>();
            field.say("defer, %d threads", threads);
            field.rounds(MEASURE, (entrant, round) -> turn(field, entrant, round, threads, calls));
        }
    }

    private static void turn(Field field, Entrant entrant, int round, int threads, Map<String, Integer> calls) {
        entrant.clear();
        entrant.settle();
        int warmUp = WARM_UP * threads;
        int count = round == 0 ? warmUp : calls.getOrDefault(entrant.name(), warmUp);
        JsonNode answer = entrant.ask("defer", Map.of("calls", count, "threads", threads));
        double rate = count / answer.get("seconds").asDouble();
        field.say("  round %d %-22s %8.0f a second", round, entrant.name(), rate);
        if (round == 0) {
            int enough = (int) (rate * field.options().seconds());
            calls.put(entrant.name(), Math.max(threads, Math.min(field.options().jobs(), enough)));
            return;
        }
        String variant = threads == 1 ? "sequential" : threads + " threads";
        field.results().add(new Figure(MEASURE, variant, "jobs/s", Better.MORE), entrant.name(), round, rate);
        if (answer.has("millis")) {
            String[] shares = {"p50 ms", "p95 ms", "p99 ms"};
            for (int index = 0; index < shares.length; index++) {
                Figure figure = new Figure(MEASURE, variant, shares[index], Better.LESS);
                double millis = answer.get("millis").get(index).asDouble();
                field.results().add(figure, entrant.name(), round, millis);
            }
        }
    }
}

package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import java.util.HashMap;
import java.util.Map;

/** Batches of 1,000 jobs, one call each. */
final class BatchMeasure implements Measure {

    private static final int SIZE = 1_000;
    private static final Figure RATE = new Figure("batch", "1,000 a call", "jobs/s", Better.MORE);

    @Override
    public void run(Field field) {
        field.say("batch");
        Map<String, Integer> calls = new HashMap<>();
        field.rounds("batch", (entrant, round) -> {
            entrant.clear();
            entrant.settle();
            int count = round == 0 ? 3 : calls.getOrDefault(entrant.name(), 1);
            double seconds = entrant.ask("batch", Map.of("calls", count, "size", SIZE))
                    .get("seconds")
                    .asDouble();
            double rate = count * SIZE / seconds;
            field.say("  round %d %-22s %8.0f a second", round, entrant.name(), rate);
            if (round == 0) {
                int enough = (int) (rate * field.options().seconds() / SIZE);
                calls.put(entrant.name(), Math.max(1, Math.min(field.options().jobs() / SIZE, enough)));
            } else {
                field.results().add(RATE, entrant.name(), round, rate);
            }
        });
    }
}

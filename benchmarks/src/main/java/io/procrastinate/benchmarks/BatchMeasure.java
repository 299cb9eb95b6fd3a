package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntToDoubleFunction;

/** Batches of 1,000 jobs, one call each. */
final class BatchMeasure implements Measure {

    private static final int SIZE = 1_000;
    private static final int FIRST_CALLS = 3;
    private static final Figure RATE = new Figure("batch", "1,000 a call", "jobs/s", Better.MORE);

    @Override
    public void run(Field field) {
        field.say("batch");
        Map<String, Integer> calls = new HashMap<>();
        int most = Math.max(1, field.options().jobs() / SIZE);
        field.rounds("batch", (entrant, round) -> {
            if (round == 0) {
                IntToDoubleFunction callRate = count -> rate(field, entrant, round, count) / SIZE;
                calls.put(entrant.name(), WarmUp.amount(field.options().seconds(), FIRST_CALLS, 1, most, callRate));
            } else {
                int count = calls.getOrDefault(entrant.name(), FIRST_CALLS);
                field.results().add(RATE, entrant.name(), round, rate(field, entrant, round, count));
            }
        });
    }

    private static double rate(Field field, Entrant entrant, int round, int count) {
        entrant.clear();
        entrant.settle();
        double seconds = entrant.ask("batch", Map.of("calls", count, "size", SIZE))
                .get("seconds")
                .asDouble();
        double rate = count * SIZE / seconds;
        field.say("  round %d %-22s %8.0f a second (%d calls)", round, entrant.name(), rate, count);
        return rate;
    }
}

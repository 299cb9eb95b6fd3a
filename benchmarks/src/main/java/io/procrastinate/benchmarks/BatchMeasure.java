package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import java.util.HashMap;
import java.util.Map;

/** Batches of 1,000 jobs, one call each. */
final class BatchMeasure implements Measure {

    private static final int SIZE = 1_000;
    private static final int FIRST_CALLS = 3;

    /** The first goes tell about compilers: three calls, then about a turn's, and again. */
    private static final int WARM_UPS = 3;

    private static final Figure RATE = new Figure("batch", "1,000 a call", "jobs/s", Better.MORE);

    @Override
    public void run(Field field) {
        field.say("batch");
        Map<String, Integer> calls = new HashMap<>();
        field.rounds("batch", (entrant, round) -> {
            if (round == 0) {
                calls.put(entrant.name(), warmedUp(field, entrant));
            } else {
                int count = calls.getOrDefault(entrant.name(), FIRST_CALLS);
                field.results().add(RATE, entrant.name(), round, rate(field, entrant, round, count));
            }
        });
    }

    /** How many calls keep an entrant busy for a turn, once it is as fast as it becomes. */
    private static int warmedUp(Field field, Entrant entrant) {
        int count = FIRST_CALLS;
        for (int go = 0; go < WARM_UPS; go++) {
            int enough = (int) (rate(field, entrant, 0, count) * field.options().seconds() / SIZE);
            count = Math.max(1, Math.min(field.options().jobs() / SIZE, enough));
        }
        return count;
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

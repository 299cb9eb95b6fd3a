package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntToDoubleFunction;

/** Batches of 1,000 jobs, one call each. */
final class BatchMeasure implements Measure {

    private static final int SIZE = 1_000;
    private static final int FIRST_CALLS = 3;
    private static final String MEASURE = "batch";
    private static final String VARIANT = "1,000 a call";

    @Override
    public void run(Field field) {
        field.say("batch");
        Map<String, Integer> calls = new HashMap<>();
        int most = Math.max(1, field.options().jobs() / SIZE);
        field.rounds(MEASURE, (running, round) -> {
            if (round == 0) {
                IntToDoubleFunction callRate = count -> rate(field, running, round, count) / SIZE;
                calls.put(running.name(), WarmUp.amount(field.options().seconds(), FIRST_CALLS, 1, most, callRate));
            } else {
                int count = calls.getOrDefault(running.name(), FIRST_CALLS);
                rate(field, running, round, count);
            }
        });
    }

    private static double rate(Field field, RunningSystem running, int round, int count) {
        running.clear();
        running.settle();
        CpuMeter cpu = CpuMeter.start(field, running);
        double seconds = running.ask("batch", Map.of("calls", count, "size", SIZE))
                .get("seconds")
                .asDouble();
        Runnable used = cpu.stop(MEASURE, VARIANT, round, count * SIZE);
        double rate = count * SIZE / seconds;
        field.say("  round %d %-22s %8.0f a second (%d calls)", round, running.name(), rate, count);
        if (round > 0) {
            field.results().add(new Figure(MEASURE, VARIANT, "jobs/s", Better.MORE), running.name(), round, rate);
            used.run();
        }
        return rate;
    }
}

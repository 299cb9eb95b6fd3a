package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import tools.jackson.databind.JsonNode;

/** Single deferrals: sequential, and by many threads at once. */
final class DeferMeasure implements Measure {

    private static final int FIRST_CALLS = 50;
    private static final String MEASURE = "defer";

    @Override
    public void run(Field field) {
        for (int threads : field.options().threads()) {
            Map<String, Integer> calls = new HashMap<>();
            field.say("defer, %d threads", threads);
            field.rounds(MEASURE, (running, round) -> turn(field, running, round, threads, calls));
        }
    }

    private static void turn(Field field, RunningSystem running, int round, int threads, Map<String, Integer> calls) {
        int first = FIRST_CALLS * threads;
        if (round == 0) {
            IntToDoubleFunction callRate = count -> rate(defer(field, running, round, threads, count), count);
            Options options = field.options();
            int enough = WarmUp.amount(options.seconds(), first, threads, options.jobs(), callRate);
            calls.put(running.name(), enough);
            return;
        }
        int count = calls.getOrDefault(running.name(), first);
        JsonNode answer = defer(field, running, round, threads, count);
        String variant = threads == 1 ? "sequential" : threads + " threads";
        field.results()
                .add(new Figure(MEASURE, variant, "jobs/s", Better.MORE), running.name(), round, rate(answer, count));
        if (answer.has("millis")) {
            String[] shares = {"p50 ms", "p95 ms", "p99 ms"};
            for (int index = 0; index < shares.length; index++) {
                Figure figure = new Figure(MEASURE, variant, shares[index], Better.LESS);
                double millis = answer.get("millis").get(index).asDouble();
                field.results().add(figure, running.name(), round, millis);
            }
        }
    }

    private static JsonNode defer(Field field, RunningSystem running, int round, int threads, int count) {
        running.clear();
        running.settle();
        JsonNode answer = running.ask("defer", Map.of("calls", count, "threads", threads));
        field.say("  round %d %-22s %8.0f a second (%d calls)", round, running.name(), rate(answer, count), count);
        return answer;
    }

    private static double rate(JsonNode answer, int count) {
        return count / answer.get("seconds").asDouble();
    }
}

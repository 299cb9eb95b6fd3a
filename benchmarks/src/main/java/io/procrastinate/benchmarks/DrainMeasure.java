package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** One worker process drains a queue of jobs that do nothing. */
final class DrainMeasure implements Measure {

    private static final int WARM_UP_PER_SLOT = 50;
    private static final int LEAST = 500;

    @Override
    public void run(Field field) {
        for (int concurrency : field.options().concurrency()) {
            Map<String, Integer> jobs = new HashMap<>();
            field.say("drain, concurrency %d", concurrency);
            field.rounds("drain", (running, round) -> turn(field, running, round, concurrency, jobs));
        }
    }

    private static void turn(
            Field field, RunningSystem running, int round, int concurrency, Map<String, Integer> jobs) {
        Options options = field.options();
        int warmUp = Math.min(options.jobs(), Math.max(LEAST, WARM_UP_PER_SLOT * concurrency));
        if (round == 0) {
            jobs.put(
                    running.name(),
                    WarmUp.amount(
                            options.seconds(),
                            warmUp,
                            warmUp,
                            options.jobs(),
                            count -> drain(field, running, round, concurrency, count)));
        } else {
            drain(field, running, round, concurrency, jobs.getOrDefault(running.name(), warmUp));
        }
    }

    private static double drain(Field field, RunningSystem running, int round, int concurrency, int count) {
        running.clear();
        running.ask("fill", Map.of("jobs", count));
        running.settle();
        String variant = "concurrency " + concurrency;
        CpuMeter cpu = CpuMeter.start(field, running);
        JsonNode answer = running.ask("drain", Map.of("jobs", count, "concurrency", concurrency));
        Runnable used = cpu.stop("drain", variant, round, count);
        running.requireNothingLeft();
        double rate = count / answer.get("seconds").asDouble();
        field.say("  round %d %-22s %8.0f a second (%d jobs)", round, running.name(), rate, count);
        if (round > 0) {
            add(field, running, round, variant, "jobs/s", Better.MORE, rate);
            used.run();
            if (answer.has("allocated")) {
                double allocated = answer.get("allocated").asDouble() / count;
                add(field, running, round, variant, "client bytes/job", Better.LESS, allocated);
            }
        }
        return rate;
    }

    private static void add(
            Field field, RunningSystem running, int round, String variant, String unit, Better better, double value) {
        field.results().add(new Figure("drain", variant, unit, better), running.name(), round, value);
    }
}

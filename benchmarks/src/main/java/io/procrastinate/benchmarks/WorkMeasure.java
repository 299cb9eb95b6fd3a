package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import io.procrastinate.benchmarks.SystemProcess.SystemProcessException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** One worker process runs jobs that take a millisecond each, while another process keeps some thousands waiting. */
final class WorkMeasure implements Measure {

    private static final int JOB_MILLIS = 1;
    private static final int WAITING = 4_000;
    private static final int PIECE = 500;
    private static final Duration LOOK = Duration.ofMillis(10);
    private static final Duration START = Duration.ofSeconds(30);

    /** The part of a turn that goes before what counts: the worker starts meanwhile. */
    private static final double LEAD = 0.3;

    @Override
    public void run(Field field) {
        Map<String, SystemProcess> producers = new HashMap<>();
        try {
            for (int slots : field.options().slots()) {
                field.say("work, %d slots", slots);
                field.rounds("work", (running, round) -> {
                    SystemProcess producer =
                            producers.computeIfAbsent(running.name(), name -> field.start(running.system()));
                    turn(field, running, new Supply(running, producer), round, slots);
                });
            }
        } finally {
            producers.values().forEach(SystemProcess::close);
        }
    }

    private static void turn(Field field, RunningSystem running, Supply supply, int round, int slots) {
        String variant = slots + " slots";
        double seconds = field.options().seconds();
        running.clear();
        supply.fill();
        running.settle();
        running.ask("work", Map.of("concurrency", slots, "millis", JOB_MILLIS));
        supply.awaitFirst();
        // The first round is warm-up only, and a JVM needs more of it than a turn.
        supply.keep(seconds * (round == 0 ? 1 : LEAD));
        CpuMeter cpu = CpuMeter.start(field, running);
        long before = supply.ended();
        long began = System.nanoTime();
        supply.keep(seconds);
        long jobs = supply.ended() - before;
        double rate = jobs / ((System.nanoTime() - began) / 1e9);
        if (jobs == 0) {
            throw new SystemProcessException(running.name() + " has run nothing in " + seconds + " seconds");
        }
        Runnable used = cpu.stop("work", variant, round, (int) jobs);
        running.ask("stop", Map.of());
        field.say("  round %d %-22s %8.0f a second", round, running.name(), rate);
        if (round > 0) {
            field.results().add(new Figure("work", variant, "jobs/s", Better.MORE), running.name(), round, rate);
            used.run();
        }
    }

    /** Keeps a number of jobs waiting, by what the worker says of those that have ended. */
    private static final class Supply {

        private final RunningSystem worker;
        private final SystemProcess producer;
        private long deferred;

        Supply(RunningSystem worker, SystemProcess producer) {
            this.worker = worker;
            this.producer = producer;
        }

        void fill() {
            defer(WAITING);
        }

        private void defer(int jobs) {
            producer.ask("fill", Map.of("jobs", jobs));
            deferred += jobs;
        }

        long ended() {
            return worker.ask("ended", Map.of()).get("count").asLong();
        }

        /** A worker that is cold, or polls, takes a while to begin. */
        void awaitFirst() {
            long end = System.nanoTime() + START.toNanos();
            while (ended() == 0) {
                if (System.nanoTime() > end) {
                    throw new SystemProcessException(worker.name() + " has run nothing in " + START);
                }
                Pauses.sleep(LOOK);
            }
        }

        void keep(double seconds) {
            long end = System.nanoTime() + (long) (seconds * 1e9);
            while (System.nanoTime() < end) {
                if (deferred - ended() <= WAITING - PIECE) {
                    defer(PIECE);
                } else {
                    Pauses.sleep(LOOK);
                }
            }
        }
    }
}

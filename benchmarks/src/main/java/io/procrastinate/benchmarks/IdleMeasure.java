package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** How many statements an idle worker sends. All workers idle at the same time: statements are counted, not timed. */
final class IdleMeasure implements Measure {

    private static final Duration SETTLING = Duration.ofSeconds(5);
    private static final int CONCURRENCY = 10;
    private final String name;
    private final int workers;

    /** For a number of workers in one process. */
    IdleMeasure(String name, int workers) {
        this.name = name;
        this.workers = workers;
    }

    @Override
    public void run(Field field) {
        field.say(name);
        field.server().countStatements(true);
        try {
            field.rounds(name, (running, round) -> {
                if (round == 1) { // long, and steady
                    measure(field, running);
                }
            });
        } finally {
            field.server().countStatements(false);
        }
    }

    /** Lets the workers wait for jobs that never come. */
    private void measure(Field field, RunningSystem running) {
        running.clear();
        Duration window = Duration.ofMillis((long) (field.options().seconds() * 6_000));
        Map<String, Object> work = new HashMap<>(Map.of("concurrency", CONCURRENCY));
        if (workers > 1) {
            work.put("workers", workers);
        }
        running.ask("work", work);
        Pauses.sleep(SETTLING);
        Optional<Duration> before = field.server().cpu();
        long statementsBefore = statements(field.server(), running);
        Pauses.sleep(window);
        double minutes = window.toMillis() / 60_000.0;
        double perMinute = (statements(field.server(), running) - statementsBefore) / minutes;
        Optional<Duration> after = field.server().cpu();
        running.ask("stop", Map.of());
        field.say("  %-22s %6.0f statements a minute", running.name(), perMinute);
        field.results().add(new Figure(name, "", "statements/minute", Better.LESS), running.name(), 1, perMinute);
        if (before.isPresent() && after.isPresent()) {
            double used = after.get().minus(before.get()).toMillis() / minutes;
            field.results().add(new Figure(name, "", "server CPU ms/minute", Better.LESS), running.name(), 1, used);
        }
    }

    private static long statements(Server server, RunningSystem running) {
        return Long.parseLong(server.text(
                "postgres",
                "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid"
                        + " WHERE d.datname = '" + running.system().database() + "'"));
    }
}

package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How many statements an idle worker sends. All are idle at the same time: they are counted, not timed. */
final class IdleMeasure implements Measure {

    private static final Figure STATEMENTS = new Figure("idle", "", "statements/minute", Better.LESS);
    private static final Duration SETTLING = Duration.ofSeconds(5);
    private static final int CONCURRENCY = 10;

    @Override
    public void run(Field field) {
        Duration window = Duration.ofMillis((long) (field.options().seconds() * 6_000));
        field.say("idle, for %d seconds", window.toSeconds());
        List<Entrant> entrants = field.enter("idle");
        Server server = field.server();
        server.run(
                "postgres",
                "CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
                "ALTER SYSTEM SET pg_stat_statements.track = 'top'",
                "SELECT pg_reload_conf()");
        try {
            entrants.forEach(Entrant::clear);
            entrants.forEach(entrant -> entrant.ask("work", Map.of("concurrency", CONCURRENCY)));
            Pauses.sleep(SETTLING);
            Map<String, Long> before = new HashMap<>();
            entrants.forEach(entrant -> before.put(entrant.name(), statements(server, entrant)));
            Pauses.sleep(window);
            for (Entrant entrant : entrants) {
                long sent = statements(server, entrant) - before.getOrDefault(entrant.name(), 0L);
                double perMinute = sent * 60_000.0 / window.toMillis();
                field.say("  %-22s %6.0f statements a minute", entrant.name(), perMinute);
                field.results().add(STATEMENTS, entrant.name(), 1, perMinute);
                entrant.ask("stop", Map.of());
            }
        } finally {
            entrants.forEach(Entrant::close);
            server.run("postgres", "ALTER SYSTEM RESET pg_stat_statements.track", "SELECT pg_reload_conf()");
        }
    }

    private static long statements(Server server, Entrant entrant) {
        return Long.parseLong(server.text(
                "postgres",
                "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid"
                        + " WHERE d.datname = '" + entrant.contestant().database() + "'"));
    }
}

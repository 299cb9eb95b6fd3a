package io.procrastinate.memory;

import static io.procrastinate.memory.MemoryQueries.number;
import static io.procrastinate.memory.MemoryQueries.one;
import static io.procrastinate.memory.MemoryQueries.requireText;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import io.procrastinate.job.JobStatus;
import io.procrastinate.schema.OurIndexes;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The queries of an examination, on tables in memory. */
final class MemoryExamination {

    private static final Row.Columns LAYOUT = Row.columns(List.of(
            "has_log",
            "has_headers",
            "logs_at_once",
            "lock_indexes",
            "triggers",
            "functions",
            "former_triggers",
            "indexes",
            "usable_indexes",
            "unchecked_keys"));

    private final MemoryTables tables;

    MemoryExamination(MemoryTables tables) {
        this.tables = tables;
    }

    Map<String, Function<BoundQuery, List<Row>>> byName() {
        return Map.of(
                "layout_state",
                query -> layoutState(),
                "examine_server",
                query -> List.of(
                        Row.columns(List.of("product", "now", "standby")).row("Tables in memory", tables.now(), false)),
                "examine_workers",
                this::workers,
                "examine_stalled_jobs",
                this::stalledJobs,
                "examine_dead_rows",
                query -> List.of(Row.columns(List.of("dead", "live"))
                        .row(0L, (long) tables.jobs().size())),
                "examine_transactions",
                query -> List.of(),
                "examine_notifications",
                this::notifyChannel);
    }

    /** As if everything of our layout were there: nothing can be missing. */
    private static List<Row> layoutState() {
        long indexes = OurIndexes.names().size();
        return List.of(LAYOUT.row(true, true, false, 2L, 9L, 2L, 0L, indexes, indexes, 0L));
    }

    private List<Row> workers(BoundQuery query) {
        long alive = tables.workersSince(since(query));
        return List.of(Row.columns(List.of("alive", "dead")).row(alive, tables.workersSince(Instant.MIN) - alive));
    }

    private List<Row> stalledJobs(BoundQuery query) {
        return one(
                "jobs",
                tables.jobs().stream()
                        .filter(job -> job.is(JobStatus.DOING) && !tables.isAlive(job.workerId, since(query)))
                        .count());
    }

    private Instant since(BoundQuery query) {
        return tables.now().minusSeconds(number(query, "seconds"));
    }

    private List<Row> notifyChannel(BoundQuery query) {
        tables.notifyOf(requireText(query, "channel"), "");
        return one("sent", "");
    }
}

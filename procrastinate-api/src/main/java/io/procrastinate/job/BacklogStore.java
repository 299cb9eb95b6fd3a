package io.procrastinate.job;

import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** Reads what there is to do and who does it. */
final class BacklogStore {

    private static final QueryFile QUERIES = QueryFile.beside(BacklogStore.class, "backlog.sql");
    private static final Query BACKLOG = QUERIES.query("backlog");
    private static final Query WORKERS = QUERIES.query("registered_workers");

    private final Function<BoundQuery, CompletionStage<List<Row>>> executor;

    BacklogStore(Function<BoundQuery, CompletionStage<List<Row>>> executor) {
        this.executor = executor;
    }

    CompletionStage<List<QueueBacklog>> backlog() {
        return executor.apply(BACKLOG.bind().build())
                .thenApply(rows -> rows.stream().map(BacklogStore::queue).toList());
    }

    private static QueueBacklog queue(Row row) {
        Long oldest = row.bigintOrNull("oldest_micros");
        return new QueueBacklog(
                row.text("queue_name"),
                row.bigint("due"),
                row.bigint("scheduled"),
                row.bigint("locked"),
                row.bigint("doing"),
                row.bigint("failed"),
                oldest == null ? null : passed(oldest));
    }

    CompletionStage<List<WorkerInfo>> workers() {
        return executor.apply(WORKERS.bind().build())
                .thenApply(rows -> rows.stream()
                        .map(row -> new WorkerInfo(
                                row.bigint("id"),
                                Objects.requireNonNull(row.instantOrNull("last_heartbeat")),
                                passed(row.bigint("silent_micros")),
                                row.bigint("running")))
                        .toList());
    }

    /** What was written after the statement began counts as written now. */
    private static Duration passed(long micros) {
        return Duration.of(Math.max(0, micros), ChronoUnit.MICROS);
    }
}

package io.procrastinate.schema;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;

/**
 * Which parts of the schema a database has.
 *
 * @param brought the level, judging by its functions
 * @param missing what this schema lacks for that level, such as {@code index procrastinate_jobs_lock_idx_v1}
 * @param strange functions of no release known to this library
 * @param formerFunctions whether functions from before the current level are left
 * @param formerTrigger whether the trigger that writes events is from before the current level
 */
record SchemaState(
        SchemaLevel brought,
        List<String> missing,
        List<String> strange,
        boolean formerFunctions,
        boolean formerTrigger) {

    private static final BoundQuery QUERY = QueryFile.beside(SchemaState.class, "queries.sql")
            .query("schema_state")
            .bind()
            .build();

    static CompletionStage<SchemaState> read(QueryExecutor executor) {
        return executor.execute(QUERY, null).thenApply(rows -> of(rows.get(0)));
    }

    private static SchemaState of(Row row) {
        return new SchemaState(
                SchemaLevel.valueOf(row.text("level")),
                texts(row, "missing"),
                texts(row, "strange"),
                row.bool("former_functions"),
                row.bool("former_trigger"));
    }

    private static List<String> texts(Row row, String column) {
        return Objects.requireNonNull(row.textsOrNull(column)).stream()
                .map(Objects::requireNonNull)
                .toList();
    }

    /** The level, or unknown if the schema is unusable. Indexes and triggers may be missing on purpose. */
    SchemaLevel level() {
        boolean half = missing.stream().anyMatch(part -> part.startsWith("table ") || part.startsWith("function "));
        boolean newer = brought != SchemaLevel.CURRENT && !strange.isEmpty();
        return brought != SchemaLevel.NONE && (half || newer) ? SchemaLevel.UNKNOWN : brought;
    }
}

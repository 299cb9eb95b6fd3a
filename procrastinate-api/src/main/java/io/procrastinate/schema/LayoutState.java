package io.procrastinate.schema;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import java.util.concurrent.CompletionStage;

/**
 * Which parts of our layout a database has.
 *
 * @param hasLog whether the rows have the times, and the events are a view
 * @param hasHeaders whether jobs may have headers
 * @param logsAtOnce whether each event is logged when it happens, as while the layout is being removed
 * @param lockIndexes how many of the two indexes of locks exclude jobs without one
 * @param triggers how many triggers of ours there are
 * @param functions how many of the functions that programs call set the times
 * @param formerTriggers how many triggers of the original are enabled although ours replace them
 * @param indexes how many indexes of ours there are
 * @param usableIndexes how many of them were built completely
 * @param uncheckedKeys how many foreign keys are not yet checked for all rows
 */
record LayoutState(
        boolean hasLog,
        boolean hasHeaders,
        boolean logsAtOnce,
        long lockIndexes,
        long triggers,
        long functions,
        long formerTriggers,
        long indexes,
        long usableIndexes,
        long uncheckedKeys) {

    private static final BoundQuery QUERY = QueryFile.beside(LayoutState.class, "queries.sql")
            .query("layout_state")
            .bind()
            .build();

    private static final int LOCK_INDEXES = 2;
    private static final int TRIGGERS = 9;
    private static final int FUNCTIONS = 2;

    static CompletionStage<LayoutState> read(QueryExecutor executor) {
        return executor.execute(QUERY, null).thenApply(rows -> of(rows.get(0)));
    }

    private static LayoutState of(Row row) {
        return new LayoutState(
                row.bool("has_log"),
                row.bool("has_headers"),
                row.bool("logs_at_once"),
                row.bigint("lock_indexes"),
                row.bigint("triggers"),
                row.bigint("functions"),
                row.bigint("former_triggers"),
                row.bigint("indexes"),
                row.bigint("usable_indexes"),
                row.bigint("unchecked_keys"));
    }

    SchemaLayout layout() {
        if (hasLog
                && hasHeaders
                && !logsAtOnce
                && hasLockIndexes()
                && triggers == TRIGGERS
                && functions == FUNCTIONS
                && formerTriggers == 0
                && indexes == OurIndexes.names().size()
                && usableIndexes == indexes) {
            return SchemaLayout.OPTIMIZED;
        }
        boolean nothing =
                !hasLog && !hasHeaders && lockIndexes == 0 && triggers == 0 && indexes == 0 && uncheckedKeys == 0;
        return nothing ? SchemaLayout.ORIGINAL : SchemaLayout.MIXED;
    }

    boolean hasLockIndexes() {
        return lockIndexes == LOCK_INDEXES;
    }
}

package io.procrastinate.schema;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import java.util.concurrent.CompletionStage;

/**
 * What a database has of our layout.
 *
 * @param hasLog whether the times stand in the rows, and the view tells them
 * @param logsAtOnce whether it is on its way back
 * @param lockIndexes how many of the two indexes of locks leave out jobs that have none
 * @param triggers how many triggers of ours there are
 * @param functions how many of the functions that programs call keep our books
 * @param formerTriggers how many triggers of the original do what ours do
 * @param indexes how many indexes of ours there are
 * @param usableIndexes how many of them were built to their end
 * @param uncheckedKeys how many foreign keys do not hold for all rows yet
 */
record LayoutState(
        boolean hasLog,
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
    private static final int INDEXES = 8;

    static CompletionStage<LayoutState> read(QueryExecutor executor) {
        return executor.execute(QUERY, null).thenApply(rows -> of(rows.get(0)));
    }

    private static LayoutState of(Row row) {
        return new LayoutState(
                row.bool("has_log"),
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
                && !logsAtOnce
                && hasLockIndexes()
                && triggers == TRIGGERS
                && functions == FUNCTIONS
                && formerTriggers == 0
                && indexes == INDEXES
                && usableIndexes == INDEXES) {
            return SchemaLayout.OPTIMIZED;
        }
        boolean nothing = !hasLog && lockIndexes == 0 && triggers == 0 && indexes == 0 && uncheckedKeys == 0;
        return nothing ? SchemaLayout.ORIGINAL : SchemaLayout.MIXED;
    }

    boolean hasLockIndexes() {
        return lockIndexes == LOCK_INDEXES;
    }
}

package io.procrastinate.schema;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.SchemaException;
import java.time.Duration;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes the layout of the tables while programs of any language are at work on them. What takes long blocks nobody;
 * what blocks others waits no longer than a lock time-out, and is repeated. A change that was interrupted, at any
 * point, continues there when it is called again.
 */
final class LayoutChange {

    private static final Logger LOG = LoggerFactory.getLogger(LayoutChange.class);
    private static final QueryFile QUERIES = QueryFile.beside(LayoutChange.class, "queries.sql");
    private static final Query LOG_EVENTS = QUERIES.query("log_events");
    private static final Query FORGET_WORKERS = QUERIES.query("forget_workers");
    private static final Query LAST_JOB = QUERIES.query("last_job");

    /** How many rows a statement takes, so that it locks them only briefly. */
    private static final int CHUNK = 1000;

    /** Progress is logged about once for this many jobs. */
    private static final int PROGRESS = 100 * CHUNK;

    /** Jobs are deferred during a pass; after this many few are left. */
    private static final int MOST_PASSES = 10;

    private static final int MOST_SWAPS = 10;

    /** Another process that changes the layout at the same time may remove what this one has just found. */
    private static final int MOST_RACES = 5;

    private static final Duration PAUSE = Duration.ofSeconds(1);

    /** Checking a foreign key reads the whole table, but blocks nobody. */
    private static final Duration LONGEST_CHECK = Duration.ofHours(12);

    /**
     * Undefined column, table, function or object; duplicate table or object; wrong kind of object; concurrent updates
     * of one catalogue row.
     */
    private static final Set<String> RACES =
            Set.of("42703", "42P01", "42883", "42704", "42P07", "42710", "42809", "XX000");

    private final QueryExecutor executor;
    private final Function<String, CompletionStage<@Nullable Void>> script;

    LayoutChange(QueryExecutor executor, Function<String, CompletionStage<@Nullable Void>> script) {
        this.executor = executor;
        this.script = script;
    }

    CompletionStage<@Nullable Void> optimize() {
        return racing(this::optimizeOnce, MOST_RACES);
    }

    CompletionStage<@Nullable Void> deoptimize() {
        return racing(this::deoptimizeOnce, MOST_RACES);
    }

    private CompletionStage<@Nullable Void> optimizeOnce() {
        return LayoutState.read(executor).thenCompose(state -> {
            if (state.layout() == SchemaLayout.OPTIMIZED) {
                return done();
            }
            IndexBuilder indexes = new IndexBuilder(executor, LayoutScripts.optimize());
            if (state.hasLockIndexes()) {
                indexes = indexes.without("procrastinate_java_jobs_");
            }
            return indexes.build()
                    .thenCompose(built -> state.hasLog() ? done() : before(LayoutScripts.beforeOptimize()))
                    .thenCompose(ready -> swap(LayoutScripts.optimize(), MOST_SWAPS));
        });
    }

    private CompletionStage<@Nullable Void> deoptimizeOnce() {
        return LayoutState.read(executor).thenCompose(state -> {
            if (state.layout() == SchemaLayout.ORIGINAL) {
                return done();
            }
            CompletionStage<@Nullable Void> logged = state.hasLog() ? logEvents(state) : done();
            return logged.thenCompose(none ->
                            new IndexBuilder(executor, LayoutScripts.formerIndexes(state.lockIndexes() > 0)).build())
                    // What was deferred while the indexes were built.
                    .thenCompose(built -> state.hasLog() ? logRest(MOST_PASSES) : done())
                    .thenCompose(rest -> state.hasLog() ? before(LayoutScripts.beforeDeoptimize()) : done())
                    .thenCompose(ready -> swap(LayoutScripts.deoptimize(), MOST_SWAPS))
                    .thenCompose(swapped -> forgetWorkers(MOST_PASSES))
                    .thenCompose(forgotten -> all(LayoutScripts.keyChecks().iterator()));
        });
    }

    /** Switches to logging events when they happen, then logs those that only the rows have. */
    private CompletionStage<@Nullable Void> logEvents(LayoutState state) {
        return (state.logsAtOnce() ? done() : swap(LayoutScripts.logAtOnce(), MOST_SWAPS))
                .thenCompose(none -> new IndexBuilder(executor, LayoutScripts.unloggedIndex()).build())
                .thenCompose(built -> logRest(MOST_PASSES));
    }

    /** Until so few are left that they can be logged while the tables are locked. */
    private CompletionStage<@Nullable Void> logRest(int passesLeft) {
        return pass(LOG_EVENTS, "Logged the events")
                .thenCompose(logged -> logged < CHUNK || passesLeft == 0 ? done() : logRest(passesLeft - 1));
    }

    private CompletionStage<@Nullable Void> forgetWorkers(int passesLeft) {
        return pass(FORGET_WORKERS, "Cleared the workers that are gone").thenCompose(left -> {
            if (left == 0) {
                return done();
            }
            if (passesLeft == 0) {
                return CompletableFuture.failedFuture(inTheWay(null));
            }
            return later(() -> forgetWorkers(passesLeft - 1));
        });
    }

    /** A pass over all jobs that there are now. Returns the sum of what the statement counted. */
    private CompletionStage<Long> pass(Query query, String what) {
        return executor.execute(LAST_JOB.bind().build(), null)
                .thenApply(rows -> rows.get(0).bigint("id"))
                .thenCompose(last -> chunks(query, new Chunk(0L, 0), last, what));
    }

    /** Executes a statement for one chunk after the other, in the order of the ids. */
    private CompletionStage<Long> chunks(Query query, Chunk first, long last, String what) {
        Chunk before = first;
        while (true) {
            Chunk done = before;
            CompletableFuture<Chunk> step = executor.execute(
                            query.bind()
                                    .set("after_id", done.lastId())
                                    .set("limit", CHUNK)
                                    .build(),
                            null)
                    .thenApply(rows -> done.and(rows.get(0)))
                    .toCompletableFuture();
            if (!step.isDone()) {
                return step.thenCompose(next -> next.isLast(last)
                        ? CompletableFuture.completedFuture(next.jobs())
                        : chunks(query, tell(done, next, last, what), last, what));
            }
            // A blocking executor has finished already: a loop, so that the stack does not grow with the table.
            Chunk next = Stages.join(step);
            if (next.isLast(last)) {
                return CompletableFuture.completedFuture(next.jobs());
            }
            before = tell(done, next, last, what);
        }
    }

    private static Chunk tell(Chunk before, Chunk reached, long last, String what) {
        if (before.lastId() / PROGRESS < reached.lastId() / PROGRESS) {
            LOG.info("{} of jobs up to {} of {}", what, reached.lastId(), last);
        }
        return reached;
    }

    /** The progress of a pass: its last job, null if there was no further one, and the sum of what was counted. */
    private record Chunk(@Nullable Long reached, long jobs) {

        long lastId() {
            return reached == null ? 0 : reached;
        }

        Chunk and(Row row) {
            return new Chunk(row.bigintOrNull("last_id"), jobs + row.bigint("jobs"));
        }

        boolean isLast(long last) {
            return reached == null || reached >= last;
        }
    }

    private CompletionStage<@Nullable Void> all(Iterator<String> statements) {
        if (!statements.hasNext()) {
            return done();
        }
        BoundQuery statement = Query.named("check_keys")
                .sql(statements.next())
                .bind()
                .deadline(LONGEST_CHECK)
                .build();
        return executor.execute(statement, null).thenCompose(rows -> all(statements));
    }

    /** Makes functions that work before and after the change. The calls of the former ones finish meanwhile. */
    private CompletionStage<@Nullable Void> before(String functions) {
        return script.apply(functions).thenCompose(replaced -> later(LayoutChange::done));
    }

    private CompletionStage<@Nullable Void> swap(String sql, int attemptsLeft) {
        CompletionStage<@Nullable Void> swapped = script.apply(sql);
        return swapped.exceptionallyCompose(failure -> {
            Throwable cause = Stages.cause(failure);
            if (!(cause instanceof ConnectorException refused) || !isInTheWay(refused.sqlState())) {
                return CompletableFuture.failedFuture(cause);
            }
            if (attemptsLeft == 0) {
                return CompletableFuture.failedFuture(inTheWay(refused));
            }
            LOG.info("The layout is not changed yet, other transactions use the tables; trying again");
            return later(() -> swap(sql, attemptsLeft - 1));
        });
    }

    private static SchemaException inTheWay(@Nullable Throwable refused) {
        return new SchemaException(
                "The layout was not changed completely: other transactions used the tables for longer than a few"
                        + " seconds, at each attempt. Nothing was lost; try again when they have ended.",
                refused);
    }

    private static CompletionStage<@Nullable Void> later(Supplier<CompletionStage<@Nullable Void>> step) {
        return Pause.of(PAUSE).thenCompose(waited -> step.get());
    }

    private static boolean isInTheWay(@Nullable String sqlState) {
        return SqlState.LOCK_NOT_AVAILABLE.equals(sqlState)
                || (sqlState != null && SqlState.isUndoneByOthers(sqlState));
    }

    private CompletionStage<@Nullable Void> racing(Supplier<CompletionStage<@Nullable Void>> change, int racesLeft) {
        return change.get().exceptionallyCompose(failure -> {
            Throwable cause = Stages.cause(failure);
            boolean race = cause instanceof ConnectorException refused
                    && refused.sqlState() != null
                    && RACES.contains(refused.sqlState());
            return race && racesLeft > 0 ? racing(change, racesLeft - 1) : CompletableFuture.failedFuture(cause);
        });
    }

    private static CompletionStage<@Nullable Void> done() {
        return CompletableFuture.completedFuture(null);
    }
}

package io.procrastinate.schema;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.SchemaException;
import java.time.Duration;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
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

    private static final int MOST_SWAPS = 5;

    /** Another process that changes the layout at the same time may remove what this one has just found. */
    private static final int MOST_RACES = 5;

    private static final Executor LATER = CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS);

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
            return indexes.build().thenCompose(built -> swap(LayoutScripts.optimize(), MOST_SWAPS));
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
                    .thenCompose(built -> swap(LayoutScripts.deoptimize(), MOST_SWAPS))
                    .thenCompose(swapped -> lastJob())
                    .thenCompose(last -> chunks(FORGET_WORKERS, 0, last, "Cleared the workers that are gone"))
                    .thenCompose(cleared -> all(LayoutScripts.keyChecks().iterator()));
        });
    }

    /** Switches to logging events when they happen, then logs those that only the rows have. */
    private CompletionStage<@Nullable Void> logEvents(LayoutState state) {
        return (state.logsAtOnce() ? done() : swap(LayoutScripts.logAtOnce(), MOST_SWAPS))
                .thenCompose(none -> new IndexBuilder(executor, LayoutScripts.unloggedIndex()).build())
                .thenCompose(built -> lastJob())
                .thenCompose(last -> chunks(LOG_EVENTS, 0, last, "Logged the events"));
    }

    private CompletionStage<Long> lastJob() {
        return executor.execute(LAST_JOB.bind().build(), null)
                .thenApply(rows -> rows.get(0).bigint("id"));
    }

    /** Executes a statement for one chunk after the other, in the order of the ids. */
    private CompletionStage<@Nullable Void> chunks(Query query, long first, long last, String what) {
        long after = first;
        while (true) {
            BoundQuery chunk =
                    query.bind().set("after_id", after).set("limit", CHUNK).build();
            CompletableFuture<@Nullable Long> step = executor.execute(chunk, null)
                    .thenApply(rows -> rows.get(0).bigintOrNull("last_id"))
                    .toCompletableFuture();
            if (!step.isDone()) {
                return step.thenCompose(
                        reached -> isLast(reached, last, what) ? done() : chunks(query, reached, last, what));
            }
            // A blocking executor has finished already: a loop, so that the stack does not grow with the table.
            Long reached = Stages.join(step);
            if (isLast(reached, last, what)) {
                return done();
            }
            after = reached;
        }
    }

    private static boolean isLast(@Nullable Long reached, long last, String what) {
        if (reached == null || reached >= last) {
            return true;
        }
        if (reached % PROGRESS < CHUNK) {
            LOG.info("{} of jobs up to {} of {}", what, reached, last);
        }
        return false;
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

    private CompletionStage<@Nullable Void> swap(String sql, int attemptsLeft) {
        CompletionStage<@Nullable Void> swapped = script.apply(sql);
        return swapped.exceptionallyCompose(failure -> {
            Throwable cause = Stages.cause(failure);
            if (!(cause instanceof ConnectorException refused) || !isInTheWay(refused.sqlState())) {
                return CompletableFuture.failedFuture(cause);
            }
            if (attemptsLeft == 0) {
                return CompletableFuture.failedFuture(new SchemaException(
                        "The layout was not changed: other transactions used the tables for longer than a few"
                                + " seconds, at each attempt. Nothing was lost; try again when they have ended.",
                        refused));
            }
            LOG.info("The layout is not changed yet, other transactions use the tables; trying again");
            return CompletableFuture.runAsync(() -> {}, LATER).thenCompose(waited -> swap(sql, attemptsLeft - 1));
        });
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

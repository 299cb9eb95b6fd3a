package io.procrastinate.schema;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.annotation.Internal;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.SchemaException;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes and examines the schema: types, tables, functions and triggers, those of Procrastinate 3.9 for Python, and what makes
 * this library fast on them: indexes, and triggers that write the bookkeeping of a statement at once. Programs of either
 * language see the same with and without that. Everything is found on the connection's search path. Thread-safe.
 */
public final class SchemaManager {

    private static final QueryFile QUERIES = QueryFile.beside(SchemaManager.class, "queries.sql");
    private static final BoundQuery STATEMENT_TRIGGERS =
            QUERIES.query("has_statement_triggers").bind().build();

    /** What two who apply at the same instant may see: duplicate table, object, function, or a catalogue's unique row. */
    private static final Set<String> THERE_ALREADY = Set.of("42P07", "42710", "42723", "23505");

    /** {@code invalid_schema_name} */
    private static final String NOWHERE_TO_CREATE = "3F000";

    private final QueryExecutor blocking;
    private final QueryExecutor asynchronous;
    private final Function<String, CompletionStage<@Nullable Void>> blockingScript;
    private final Function<String, CompletionStage<@Nullable Void>> asynchronousScript;

    /**
     * Over the two sides of an app's connector.
     *
     * @hidden
     */
    @Internal
    public SchemaManager(
            QueryExecutor blocking,
            QueryExecutor asynchronous,
            Function<String, CompletionStage<@Nullable Void>> blockingScript,
            Function<String, CompletionStage<@Nullable Void>> asynchronousScript) {
        this.blocking = blocking;
        this.asynchronous = asynchronous;
        this.blockingScript = blockingScript;
        this.asynchronousScript = asynchronousScript;
    }

    /** The SQL that {@link #apply()} runs, to be put under the care of a migration tool. */
    public String sql() {
        return Resources.text("schema.sql") + "\n" + optimizeSql();
    }

    /** The SQL of what {@link #optimize()} adds. On a table that is at work it holds up those who write while it runs. */
    public String optimizeSql() {
        return Resources.text("optimize.sql");
    }

    /** The SQL that {@link #deoptimize()} runs. */
    public String deoptimizeSql() {
        return Resources.text("deoptimize.sql");
    }

    /**
     * Makes the schema, optimized, in one transaction: all of it or nothing.
     *
     * @throws SchemaException when the database has one already, or the search path leads nowhere
     */
    public void apply() {
        Stages.join(apply(blocking, blockingScript));
    }

    /** Makes the schema, as {@link #apply()}. */
    public CompletionStage<@Nullable Void> applyAsync() {
        return apply(asynchronous, asynchronousScript);
    }

    /**
     * Adds what makes this library fast to a schema that has it not, such as one made by Python, while programs are at work on
     * it: builds indexes without holding up anyone, however long that takes, then swaps triggers in one short transaction. On
     * a schema that has it, or a part, it does the rest. May be called by many at the same time.
     *
     * @throws SchemaException when the schema is missing or of another level, or when a long transaction of others kept the
     *     triggers from being swapped; calling again goes on from there
     * @throws ConnectorException when the connector's pool gives connections whose autocommit is off: indexes cannot be built
     *     in a transaction
     */
    public void optimize() {
        Stages.join(optimize(blocking, blockingScript));
    }

    /** Adds what makes this library fast, as {@link #optimize()}. */
    public CompletionStage<@Nullable Void> optimizeAsync() {
        return optimize(asynchronous, asynchronousScript);
    }

    /**
     * Takes back what {@link #optimize()} adds, in one short transaction: what stays is the schema as Python makes it. Does
     * nothing where there is nothing to take back.
     *
     * @throws SchemaException when the schema is missing or of another level, or when a long transaction of others was in the
     *     way; nothing was changed then
     */
    public void deoptimize() {
        Stages.join(deoptimize(blocking, blockingScript));
    }

    /** Takes back what {@link #optimize()} adds, as {@link #deoptimize()}. */
    public CompletionStage<@Nullable Void> deoptimizeAsync() {
        return deoptimize(asynchronous, asynchronousScript);
    }

    /**
     * Brings a schema of level 3.0 to 3.3 to {@link SchemaLevel#CURRENT}, or ends a migration that was left before its end, in
     * one transaction: all of it or nothing. Jobs stay; while it runs, which takes long only where there are very many jobs,
     * nobody can use them. Does nothing on a schema of the current level, and may be called by many at the same time. What
     * {@link #optimize()} adds is not added.
     *
     * <p>Programs of releases before 3.2, of any language, stop working, unless {@link MigrateOption#KEEP_OLD_FUNCTIONS} is
     * given.
     *
     * @return the migrations that were run, none where nothing was to be done
     * @throws SchemaException when the schema is missing, is older than 3.0, is half a schema or one that this library does not
     *     know, or when the migration failed; the message says what to do, and nothing was changed
     */
    public List<Migration> migrate(MigrateOption... options) {
        return Stages.join(new Migrator(blocking, blockingScript).migrate(setOf(options)));
    }

    /** Brings the schema to the current level, as {@link #migrate}. */
    public CompletionStage<List<Migration>> migrateAsync(MigrateOption... options) {
        return new Migrator(asynchronous, asynchronousScript).migrate(setOf(options));
    }

    /**
     * The migrations that {@link #migrate} would run.
     *
     * @throws SchemaException as {@link #migrate}
     */
    public List<Migration> pendingMigrations(MigrateOption... options) {
        return Stages.join(new Migrator(blocking, blockingScript).pending(setOf(options)));
    }

    /** The migrations that would be run, as {@link #pendingMigrations}. */
    public CompletionStage<List<Migration>> pendingMigrationsAsync(MigrateOption... options) {
        return new Migrator(asynchronous, asynchronousScript).pending(setOf(options));
    }

    /**
     * The SQL that {@link #migrate} would run, to be put under the care of a migration tool; empty where nothing is to be done.
     *
     * @throws SchemaException as {@link #migrate}
     */
    public String migrationSql(MigrateOption... options) {
        return scriptOf(pendingMigrations(options));
    }

    /** The SQL of the migrations that would be run, as {@link #migrationSql}. */
    public CompletionStage<String> migrationSqlAsync(MigrateOption... options) {
        return pendingMigrationsAsync(options).thenApply(SchemaManager::scriptOf);
    }

    private static String scriptOf(List<Migration> pending) {
        return pending.isEmpty() ? "" : Migration.script(pending);
    }

    /**
     * What a schema of the level that the database has should have and has not, by kind and name, such as
     * {@code index procrastinate_jobs_priority_idx_v1}: tables, functions, triggers and indexes, without what
     * {@link #optimize()} adds. Nothing where there is no schema at all.
     */
    public List<String> missingParts() {
        return Stages.join(missingParts(blocking));
    }

    /** What the schema should have and has not, as {@link #missingParts()}. */
    public CompletionStage<List<String>> missingPartsAsync() {
        return missingParts(asynchronous);
    }

    private static CompletionStage<List<String>> missingParts(QueryExecutor executor) {
        return SchemaState.read(executor)
                .thenApply(state -> state.brought() == SchemaLevel.NONE ? List.of() : state.missing());
    }

    private static Set<MigrateOption> setOf(MigrateOption... options) {
        Set<MigrateOption> set = EnumSet.noneOf(MigrateOption.class);
        set.addAll(List.of(options));
        return set;
    }

    /** Whether the schema has all that {@link #optimize()} adds. */
    public boolean isOptimized() {
        return Stages.join(isOptimized(blocking));
    }

    /** Whether the schema is optimized, as {@link #isOptimized()}. */
    public CompletionStage<Boolean> isOptimizedAsync() {
        return isOptimized(asynchronous);
    }

    private CompletionStage<Boolean> isOptimized(QueryExecutor executor) {
        return new IndexBuilder(executor, optimizeSql())
                .isBuilt()
                .thenCombine(
                        executor.execute(STATEMENT_TRIGGERS, null)
                                .thenApply(rows -> rows.get(0).bool("present")),
                        Boolean::logicalAnd);
    }

    private CompletionStage<@Nullable Void> optimize(
            QueryExecutor executor, Function<String, CompletionStage<@Nullable Void>> script) {
        return requireSupported(executor)
                .thenCompose(supported -> new IndexBuilder(executor, optimizeSql()).build())
                .thenCompose(built -> swap(script, optimizeSql()));
    }

    private CompletionStage<@Nullable Void> deoptimize(
            QueryExecutor executor, Function<String, CompletionStage<@Nullable Void>> script) {
        return requireSupported(executor).thenCompose(supported -> swap(script, deoptimizeSql()));
    }

    private static CompletionStage<@Nullable Void> swap(
            Function<String, CompletionStage<@Nullable Void>> script, String sql) {
        return script.apply(sql).exceptionallyCompose(failure -> {
            Throwable cause = Stages.cause(failure);
            return CompletableFuture.failedFuture(
                    cause instanceof ConnectorException refused
                                    && SqlState.LOCK_NOT_AVAILABLE.equals(refused.sqlState())
                            ? new SchemaException(
                                    "The triggers were not swapped: a transaction of others uses the jobs for longer"
                                            + " than a few seconds. Everything works as before; try again when it has"
                                            + " ended.",
                                    refused)
                            : cause);
        });
    }

    /** Whether the schema is there, at any level. */
    public boolean isApplied() {
        return level() != SchemaLevel.NONE;
    }

    /** Whether the schema is there, as {@link #isApplied()}. */
    public CompletionStage<Boolean> isAppliedAsync() {
        return levelAsync().thenApply(level -> level != SchemaLevel.NONE);
    }

    /** Which level of the schema the database has. */
    public SchemaLevel level() {
        return Stages.join(level(blocking));
    }

    /** Which level of the schema the database has, as {@link #level()}. */
    public CompletionStage<SchemaLevel> levelAsync() {
        return level(asynchronous);
    }

    /**
     * Does nothing on a database with which this library works.
     *
     * @throws SchemaException when the schema is missing or of another level; the message says what to do
     */
    public void requireSupported() {
        Stages.join(requireSupported(blocking));
    }

    /** As {@link #requireSupported()}. */
    public CompletionStage<@Nullable Void> requireSupportedAsync() {
        return requireSupported(asynchronous);
    }

    private static CompletionStage<@Nullable Void> requireSupported(QueryExecutor executor) {
        return SchemaState.read(executor).thenApply(state -> {
            requireSupported(state);
            return null;
        });
    }

    /**
     * An executor that says in our words when the tables are missing.
     *
     * @hidden
     */
    @Internal
    public static QueryExecutor explainingMissingSchema(QueryExecutor executor) {
        return (query, connection) -> {
            CompletableFuture<List<Row>> explained = new CompletableFuture<>();
            executor.execute(query, connection).whenComplete((rows, failure) -> {
                if (failure == null) {
                    explained.complete(rows);
                } else {
                    explained.completeExceptionally(explain(Stages.cause(failure)));
                }
            });
            return explained;
        };
    }

    private static Throwable explain(Throwable failure) {
        if (failure instanceof ConnectorException refused && isMissing(refused.sqlState())) {
            return missing(refused);
        }
        return failure;
    }

    /** Undefined table, function or object. */
    private static boolean isMissing(@Nullable String sqlState) {
        return "42P01".equals(sqlState) || "42883".equals(sqlState) || "42704".equals(sqlState);
    }

    static SchemaException missing(@Nullable Throwable cause) {
        return new SchemaException(
                "The database has no schema of Procrastinate on the connection's search path. Make it with"
                        + " app.schemaManager().apply() or the command 'procrastinate schema', or set the schema that"
                        + " holds it in the connection settings."
                        + (cause == null ? "" : " (" + cause.getMessage() + ")"),
                cause);
    }

    private static void requireSupported(SchemaState state) {
        SchemaLevel level = state.level();
        if (level == SchemaLevel.NONE) {
            throw missing(null);
        }
        if (level == SchemaLevel.BEFORE_V3_0) {
            throw Migrator.tooOld();
        }
        if (level == SchemaLevel.UNKNOWN) {
            throw new SchemaException(
                    "The database has half a schema, or one that this library does not know: like level "
                            + state.brought().text() + ", missing " + state.missing() + ", strange " + state.strange()
                            + ". End the migration that was begun, or use a newer release of this library.",
                    null);
        }
        if (!level.isSupported()) {
            throw new SchemaException(
                    "The database has the schema of level " + level.text() + ", this library needs "
                            + SchemaLevel.CURRENT.text()
                            + ". Migrate it first: app.schemaManager().migrate(), or procrastinate schema --migrate.",
                    null);
        }
    }

    private static CompletionStage<SchemaLevel> level(QueryExecutor executor) {
        return SchemaState.read(executor).thenApply(SchemaState::level);
    }

    private CompletionStage<@Nullable Void> apply(
            QueryExecutor executor, Function<String, CompletionStage<@Nullable Void>> script) {
        CompletableFuture<@Nullable Void> applied = new CompletableFuture<>();
        level(executor)
                .thenCompose(level -> {
                    if (level != SchemaLevel.NONE) {
                        throw alreadyThere("level " + level.text(), null);
                    }
                    return script.apply(sql());
                })
                .whenComplete((done, failure) -> {
                    if (failure == null) {
                        applied.complete(null);
                    } else {
                        applied.completeExceptionally(explainApply(Stages.cause(failure)));
                    }
                });
        return applied;
    }

    private static Throwable explainApply(Throwable failure) {
        if (!(failure instanceof ConnectorException refused) || refused.sqlState() == null) {
            return failure;
        }
        if (refused.sqlState().equals(NOWHERE_TO_CREATE)) {
            return new SchemaException(
                    "The schema was not applied: the connection's search path names no schema that exists. Create it"
                            + " first (CREATE SCHEMA ...), or correct the schema of the connection settings. ("
                            + refused.getMessage() + ")",
                    refused);
        }
        return THERE_ALREADY.contains(refused.sqlState())
                ? alreadyThere(String.valueOf(refused.getMessage()), refused)
                : failure;
    }

    private static SchemaException alreadyThere(String found, @Nullable Throwable cause) {
        return new SchemaException(
                "The schema was not applied: the database has a schema of Procrastinate, or parts of one, already ("
                        + found + "). Nothing was changed.",
                cause);
    }
}

package io.procrastinate.schema;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.annotation.Internal;
import io.procrastinate.connector.Row;
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
 * Creates, examines and changes the schema: the types, tables, functions and triggers of Procrastinate 3.9 for Python,
 * in this library's layout or the original's ({@link SchemaLayout}). Programs of either language see the same in both.
 * Everything is found on the connection's search path. Thread-safe.
 */
public final class SchemaManager {

    /** What fails if two apply at the same instant: duplicate table, object, function, or unique row of a catalogue. */
    private static final Set<String> THERE_ALREADY = Set.of("42P07", "42710", "42723", "23505");

    /** {@code invalid_schema_name} */
    private static final String NOWHERE_TO_CREATE = "3F000";

    private final QueryExecutor blocking;
    private final QueryExecutor asynchronous;
    private final Function<String, CompletionStage<@Nullable Void>> blockingScript;
    private final Function<String, CompletionStage<@Nullable Void>> asynchronousScript;

    /**
     * Creates a manager over the two sides of an app's connector.
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

    /** The SQL that {@link #apply()} runs, for use in a migration tool. */
    public String sql() {
        return Resources.text("schema.sql") + "\n" + optimizeSql();
    }

    /** The SQL of what {@link #optimize()} does. It blocks all programs that use the tables while it runs. */
    public String optimizeSql() {
        return LayoutScripts.optimize();
    }

    /** The SQL of what {@link #deoptimize()} does. It blocks all programs that use the tables while it runs. */
    public String deoptimizeSql() {
        return LayoutScripts.deoptimize() + "\n" + LayoutScripts.checkKeys();
    }

    /**
     * Creates the schema, optimized, in one transaction: all of it or nothing.
     *
     * @throws SchemaException if the database already has one, or the search path names no existing schema
     */
    public void apply() {
        Stages.join(apply(blocking, blockingScript));
    }

    /** Creates the schema, as {@link #apply()}. */
    public CompletionStage<@Nullable Void> applyAsync() {
        return apply(asynchronous, asynchronousScript);
    }

    /**
     * Creates the schema if the database has none, as {@link #apply()}, or migrates an older one, as {@link #migrate};
     * does nothing on one of the current level, in either layout. Made to be called by each instance of an application
     * when it starts: of several at once, one changes the database, and the others wait for the end of its transaction,
     * each at most for the statement time-out of the connection settings. If it dies, another one takes its place.
     *
     * @return whether this call has changed the database; several that migrate at once may all return true
     * @throws SchemaException as {@link #apply()} and {@link #migrate}, for instance if the schema is incomplete, or of a
     *     newer release that has dropped functions; not if the schema is there already, or another instance was first
     */
    public boolean ensure() {
        return Stages.join(ensure(blocking, blockingScript));
    }

    /** Creates or migrates the schema if necessary, as {@link #ensure()}. */
    public CompletionStage<Boolean> ensureAsync() {
        return ensure(asynchronous, asynchronousScript);
    }

    /**
     * Changes the tables to the layout that makes this library fast, while programs of any language are at work on
     * them: builds indexes, which may take long but blocks nobody, then changes the rest in one short transaction.
     * Programs of other languages see the same tables, events and functions as before. On a schema that has the layout,
     * or a part of it, adds what is missing. May be called concurrently.
     *
     * @throws SchemaException if the schema is missing or of another level, or if long transactions of others prevented
     *     the change for about twenty seconds; calling again continues from there
     * @throws ConnectorException if the connector's pool gives connections with autocommit off: indexes cannot be built
     *     in a transaction
     */
    public void optimize() {
        Stages.join(optimize(blocking, blockingScript));
    }

    /** Changes the tables to this library's layout, as {@link #optimize()}. */
    public CompletionStage<@Nullable Void> optimizeAsync() {
        return optimize(asynchronous, asynchronousScript);
    }

    /**
     * Changes the tables back to what Python makes, while programs are at work on them: writes a row for each event, in
     * small steps, builds the original's indexes, then changes the rest in one short transaction, and checks the
     * foreign keys afterwards. The headers, errors and results of jobs are lost; everything else is kept. Does nothing on the
     * original's tables. May be called concurrently.
     *
     * @throws SchemaException if the schema is missing or of another level, or if long transactions of others prevented
     *     the change for about twenty seconds; calling again continues from there
     */
    public void deoptimize() {
        Stages.join(deoptimize(blocking, blockingScript));
    }

    /** Changes the tables back, as {@link #deoptimize()}. */
    public CompletionStage<@Nullable Void> deoptimizeAsync() {
        return deoptimize(asynchronous, asynchronousScript);
    }

    /**
     * Migrates a schema of level 3.0 to 3.3 to {@link SchemaLevel#CURRENT}, or completes an unfinished migration, in
     * one transaction: all of it or nothing. Jobs are kept; while it runs, which takes long only with very many jobs,
     * they cannot be used. Does nothing on a schema of the current level, and may be called concurrently. Does not add
     * what {@link #optimize()} adds.
     *
     * <p>Programs of releases before 3.2, in either language, stop working unless
     * {@link MigrateOption#KEEP_OLD_FUNCTIONS} is given.
     *
     * @return the migrations that were run, empty if there was nothing to do
     * @throws SchemaException if the schema is missing, is older than 3.0, is half a schema or one that this library
     *     does not know, or if the migration failed; the message says what to do, and nothing was changed
     */
    public List<Migration> migrate(MigrateOption... options) {
        return Stages.join(new Migrator(blocking, blockingScript).migrate(setOf(options)));
    }

    /** Migrates the schema to the current level, as {@link #migrate}. */
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

    /** The migrations that {@link #migrate} would run, as {@link #pendingMigrations}. */
    public CompletionStage<List<Migration>> pendingMigrationsAsync(MigrateOption... options) {
        return new Migrator(asynchronous, asynchronousScript).pending(setOf(options));
    }

    /**
     * The SQL that {@link #migrate} would run, for use in a migration tool; empty if there is nothing to do.
     *
     * @throws SchemaException as {@link #migrate}
     */
    public String migrationSql(MigrateOption... options) {
        return scriptOf(pendingMigrations(options));
    }

    /** The SQL that {@link #migrate} would run, as {@link #migrationSql}. */
    public CompletionStage<String> migrationSqlAsync(MigrateOption... options) {
        return pendingMigrationsAsync(options).thenApply(SchemaManager::scriptOf);
    }

    private static String scriptOf(List<Migration> pending) {
        return pending.isEmpty() ? "" : Migration.script(pending);
    }

    /**
     * What the database's schema lacks for its level, by kind and name, such as {@code index
     * procrastinate_jobs_priority_idx_v1}: tables, functions, triggers and indexes, without what {@link #optimize()}
     * adds. Empty if there is no schema at all.
     */
    public List<String> missingParts() {
        return Stages.join(missingParts(blocking));
    }

    /** What the schema lacks, as {@link #missingParts()}. */
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

    /** How the tables are laid out; {@link SchemaLayout#ORIGINAL} if the database has no schema. */
    public SchemaLayout layout() {
        return Stages.join(layout(blocking));
    }

    /** How the tables are laid out, as {@link #layout()}. */
    public CompletionStage<SchemaLayout> layoutAsync() {
        return layout(asynchronous);
    }

    /** Whether the schema completely has the layout that {@link #optimize()} makes. */
    public boolean isOptimized() {
        return layout() == SchemaLayout.OPTIMIZED;
    }

    /** Whether the schema is optimized, as {@link #isOptimized()}. */
    public CompletionStage<Boolean> isOptimizedAsync() {
        return layoutAsync().thenApply(layout -> layout == SchemaLayout.OPTIMIZED);
    }

    private static CompletionStage<SchemaLayout> layout(QueryExecutor executor) {
        return LayoutState.read(executor).thenApply(LayoutState::layout);
    }

    private CompletionStage<@Nullable Void> optimize(
            QueryExecutor executor, Function<String, CompletionStage<@Nullable Void>> script) {
        return requireSupported(executor).thenCompose(supported -> new LayoutChange(executor, script).optimize());
    }

    private CompletionStage<@Nullable Void> deoptimize(
            QueryExecutor executor, Function<String, CompletionStage<@Nullable Void>> script) {
        return requireSupported(executor).thenCompose(supported -> new LayoutChange(executor, script).deoptimize());
    }

    /** Whether the schema exists, at any level. */
    public boolean isApplied() {
        return level() != SchemaLevel.NONE;
    }

    /** Whether the schema exists, as {@link #isApplied()}. */
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
     * Checks that this library works with the database.
     *
     * @throws SchemaException if the schema is missing or of another level; the message says what to do
     */
    public void requireSupported() {
        Stages.join(requireSupported(blocking));
    }

    /** Checks that this library works with the database, as {@link #requireSupported()}. */
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
     * Returns an executor whose exceptions explain when the tables are missing.
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
                "The database has no schema of Procrastinate on the connection's search path. Create it with"
                        + " app.schemaManager().apply() or the command 'procrastinate schema', or set the schema"
                        + " that holds it in the connection settings."
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
                    "The database has an incomplete schema, or one that this library does not know: like level "
                            + state.brought().text() + ", missing " + state.missing() + ", unknown " + state.strange()
                            + ". Complete the interrupted migration, or use a newer release of this library.",
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

    private CompletionStage<Boolean> ensure(
            QueryExecutor executor, Function<String, CompletionStage<@Nullable Void>> script) {
        return level(executor)
                .thenCompose(level ->
                        level == SchemaLevel.NONE ? applyOrFind(executor, script) : migrateIfOlder(executor, script));
    }

    /** If two create it at once, the server lets the second wait for the first, and then refuses it. */
    private CompletionStage<Boolean> applyOrFind(
            QueryExecutor executor, Function<String, CompletionStage<@Nullable Void>> script) {
        CompletionStage<Boolean> applied = apply(executor, script).thenApply(done -> true);
        return applied.exceptionallyCompose(failure -> Stages.cause(failure) instanceof SchemaException
                ? level(executor)
                        .thenCompose(level -> level == SchemaLevel.NONE ? applied : migrateIfOlder(executor, script))
                : applied);
    }

    private static CompletionStage<Boolean> migrateIfOlder(
            QueryExecutor executor, Function<String, CompletionStage<@Nullable Void>> script) {
        return level(executor)
                .thenCompose(level -> level.isSupported()
                        ? CompletableFuture.completedFuture(false)
                        : migrateOrFind(executor, script));
    }

    /** When another instance has migrated, its jobs may keep the tables busy for longer than a migration waits. */
    private static CompletionStage<Boolean> migrateOrFind(
            QueryExecutor executor, Function<String, CompletionStage<@Nullable Void>> script) {
        CompletionStage<Boolean> migrated =
                new Migrator(executor, script).migrate(Set.of()).thenApply(steps -> !steps.isEmpty());
        return migrated.exceptionallyCompose(failure -> level(executor)
                .thenCompose(level -> level.isSupported() ? CompletableFuture.completedFuture(false) : migrated));
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
                "The schema was not applied: the database already has a schema of Procrastinate, or parts of one ("
                        + found + "). Nothing was changed.",
                cause);
    }
}

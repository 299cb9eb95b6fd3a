package io.procrastinate.schema;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.QueryExecutor;
import io.procrastinate.connector.QueryFile;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.Stages;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.SchemaException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
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
    private static final BoundQuery LEVEL = QUERIES.query("schema_level").bind().build();

    private static final BoundQuery STATEMENT_TRIGGERS =
            QUERIES.query("has_statement_triggers").bind().build();

    /** Waited for a lock as long as the script allows. */
    private static final String LOCK_NOT_AVAILABLE = "55P03";

    /** What two who apply at the same instant may see: duplicate table, object, function, or a catalogue's unique row. */
    private static final Set<String> THERE_ALREADY = Set.of("42P07", "42710", "42723", "23505");

    /** {@code invalid_schema_name} */
    private static final String NOWHERE_TO_CREATE = "3F000";

    private final QueryExecutor blocking;
    private final QueryExecutor asynchronous;
    private final Function<String, CompletionStage<@Nullable Void>> blockingScript;
    private final Function<String, CompletionStage<@Nullable Void>> asynchronousScript;

    /** Over the two sides of an app's connector. */
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
        return resource("schema.sql") + "\n" + optimizeSql();
    }

    /** The SQL of what {@link #optimize()} adds. On a table that is at work it holds up those who write while it runs. */
    public String optimizeSql() {
        return resource("optimize.sql");
    }

    /** The SQL that {@link #deoptimize()} runs. */
    public String deoptimizeSql() {
        return resource("deoptimize.sql");
    }

    private static String resource(String name) {
        try (InputStream stream = SchemaManager.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException("The resource " + name + " is missing beside " + SchemaManager.class);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("The resource " + name + " cannot be read", e);
        }
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
                    cause instanceof ConnectorException refused && LOCK_NOT_AVAILABLE.equals(refused.sqlState())
                            ? new SchemaException(
                                    "The triggers were not swapped: a transaction of others uses the jobs for longer than"
                                            + " a few seconds. Everything works as before; try again when it has ended.",
                                    refused)
                            : cause);
        });
    }

    /** Whether the schema is there, at any level. */
    public boolean isApplied() {
        return level() != SchemaLevel.NONE;
    }

    /** Which level of the schema the database has. */
    public SchemaLevel level() {
        return Stages.join(level(blocking));
    }

    /** Which level of the schema the database has. */
    public CompletionStage<SchemaLevel> levelAsync() {
        return level(asynchronous);
    }

    /**
     * Does nothing on a database with which this library works.
     *
     * @throws SchemaException when the schema is missing or of another level; the message says what to do
     */
    public void requireSupported() {
        requireSupported(level());
    }

    /** As {@link #requireSupported()}. */
    public CompletionStage<@Nullable Void> requireSupportedAsync() {
        return requireSupported(asynchronous);
    }

    private static CompletionStage<@Nullable Void> requireSupported(QueryExecutor executor) {
        return level(executor).thenApply(level -> {
            requireSupported(level);
            return null;
        });
    }

    /** An executor that says in our words when the tables are missing. */
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

    private static SchemaException missing(@Nullable Throwable cause) {
        return new SchemaException(
                "The database has no schema of Procrastinate on the connection's search path. Make it with"
                        + " app.schemaManager().apply(), or set the schema that holds it in the connection settings."
                        + (cause == null ? "" : " (" + cause.getMessage() + ")"),
                cause);
    }

    private static void requireSupported(SchemaLevel level) {
        if (level == SchemaLevel.NONE) {
            throw missing(null);
        }
        if (!level.isSupported()) {
            throw new SchemaException(
                    "The database has the schema of level " + level + ", this library needs " + SchemaLevel.CURRENT
                            + ". Apply the migrations between the two first.",
                    null);
        }
    }

    private static CompletionStage<SchemaLevel> level(QueryExecutor executor) {
        return executor.execute(LEVEL, null)
                .thenApply(rows -> SchemaLevel.valueOf(rows.get(0).text("level")));
    }

    private CompletionStage<@Nullable Void> apply(
            QueryExecutor executor, Function<String, CompletionStage<@Nullable Void>> script) {
        CompletableFuture<@Nullable Void> applied = new CompletableFuture<>();
        level(executor)
                .thenCompose(level -> {
                    if (level != SchemaLevel.NONE) {
                        throw alreadyThere("level " + level, null);
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
                    "The schema was not applied: the connection's search path names no schema that exists. Create it first"
                            + " (CREATE SCHEMA ...), or correct the schema of the connection settings. ("
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

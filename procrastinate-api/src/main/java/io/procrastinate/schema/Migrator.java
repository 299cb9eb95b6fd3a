package io.procrastinate.schema;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.SchemaException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Migrates a schema of an older level to the current one, over one side of an app's connector. */
final class Migrator {

    private final QueryExecutor executor;
    private final Function<String, CompletionStage<@Nullable Void>> script;

    Migrator(QueryExecutor executor, Function<String, CompletionStage<@Nullable Void>> script) {
        this.executor = executor;
        this.script = script;
    }

    /** The pending steps. Fails on a schema that cannot be migrated. */
    CompletionStage<List<Migration>> pending(Set<MigrateOption> options) {
        return SchemaState.read(executor).thenApply(state -> {
            requireMigratable(state);
            return Migration.pending(state, options);
        });
    }

    /** Runs the pending steps; returns them. */
    CompletionStage<List<Migration>> migrate(Set<MigrateOption> options) {
        return pending(options)
                .thenCompose(steps -> steps.isEmpty()
                        ? CompletableFuture.completedFuture(steps)
                        : run(steps).thenApply(done -> steps));
    }

    private CompletionStage<@Nullable Void> run(List<Migration> steps) {
        return script.apply(Migration.script(steps)).exceptionallyCompose(failure -> {
            Throwable cause = Stages.cause(failure);
            return CompletableFuture.failedFuture(
                    cause instanceof ConnectorException refused ? explain(refused) : cause);
        });
    }

    private static SchemaException explain(ConnectorException refused) {
        String advice = switch (String.valueOf(refused.sqlState())) {
            case SqlState.LOCK_NOT_AVAILABLE ->
                "Another transaction has been using the jobs for longer than a few seconds. Try again when it has"
                        + " ended.";
            case "57014" ->
                "It took longer than the statement time-out of the connection settings, or another migration is"
                        + " running right now. Try again, with a longer time-out if there are many jobs.";
            case "42501" -> "Migrate as the user who owns the tables and functions, or as a superuser.";
            default -> "";
        };
        return new SchemaException(
                ("The schema was not migrated, nothing was changed: " + refused.getMessage() + ". " + advice).strip(),
                refused);
    }

    static SchemaException tooOld() {
        return new SchemaException(
                "The database has a schema older than 3.0, which this library neither uses nor migrates. Migrate it"
                        + " to 3.0 with the migrations of Procrastinate for Python, then migrate it: procrastinate schema"
                        + " --migrate. Nothing was changed.",
                null);
    }

    private static void requireMigratable(SchemaState state) {
        if (state.brought() == SchemaLevel.NONE) {
            throw SchemaManager.missing(null);
        }
        if (state.level() == SchemaLevel.BEFORE_V3_0) {
            throw tooOld();
        }
        if (!state.missing().isEmpty()) {
            throw new SchemaException(
                    "The database has an incomplete schema of level "
                            + state.brought().text() + ". Missing: "
                            + String.join(", ", state.missing())
                            + ". Complete the interrupted migration, or create what is missing, then migrate"
                            + " again. Nothing was changed.",
                    null);
        }
        if (state.level() == SchemaLevel.UNKNOWN) {
            throw new SchemaException(
                    "The database has a schema that this library does not know. It looks like "
                            + state.brought().text() + ", and has functions of no known release: "
                            + String.join(", ", state.strange()) + ". Use a newer release of this library. Nothing was"
                            + " changed.",
                    null);
        }
    }
}

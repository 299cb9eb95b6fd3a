package io.procrastinate.cli;

import io.procrastinate.App;
import io.procrastinate.exception.SchemaException;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Checks that the app and its database are usable. */
@Command(name = "healthchecks", description = "Check the state of procrastinate.")
final class HealthchecksCommand implements Callable<Integer> {

    @ParentCommand
    @Nullable
    Procrastinate root;

    @Spec
    @Nullable
    CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Procrastinate.out(Objects.requireNonNull(spec));
        try (App app = Objects.requireNonNull(root).appOrDatabase()) {
            app.open();
            boolean applied = app.schemaManager().isApplied();
            out.println("App configuration: OK");
            out.println("DB connection: OK");
            if (!applied) {
                throw new SchemaException(
                        "Connection to the database works but the procrastinate_jobs table was not found. Have you"
                                + " applied database migrations (see `procrastinate schema -h`)?",
                        null);
            }
            out.println("Found procrastinate_jobs table: OK");
            app.schemaManager().requireSupported();
            return 0;
        }
    }
}

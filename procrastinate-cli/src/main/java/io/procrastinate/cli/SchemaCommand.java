package io.procrastinate.cli;

import io.procrastinate.App;
import io.procrastinate.schema.SchemaLevel;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Makes, prints and checks the schema. */
@Command(name = "schema", description = "Apply, print or check the database schema.")
final class SchemaCommand implements Callable<Integer> {

    @ParentCommand
    @Nullable
    Procrastinate root;

    @Spec
    @Nullable
    CommandSpec spec;

    @ArgGroup(exclusive = true)
    @Nullable
    Action action;

    static final class Action {

        @Option(
                names = "--apply",
                description = "Apply the schema to the database. Done unless another option is given.")
        boolean apply;

        @Option(names = "--read", description = "Print the SQL of the schema.")
        boolean read;

        @Option(
                names = "--check",
                description = "Print the schema's level; exit 1 when it is missing or not supported.")
        boolean check;
    }

    @Override
    public Integer call() {
        PrintWriter out = Procrastinate.out(Objects.requireNonNull(spec));
        try (App app = Objects.requireNonNull(root).appOrDatabase()) {
            if (action != null && action.read) {
                out.println(app.schemaManager().sql().stripTrailing());
                return 0;
            }
            app.open();
            if (action != null && action.check) {
                SchemaLevel level = app.schemaManager().level();
                out.println("Schema: " + level);
                app.schemaManager().requireSupported();
                return 0;
            }
            Procrastinate.err(spec).println("Applying schema");
            app.schemaManager().apply();
            Procrastinate.err(spec).println("Done");
            return 0;
        }
    }
}

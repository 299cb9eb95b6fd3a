package io.procrastinate.cli;

import io.procrastinate.App;
import io.procrastinate.schema.MigrateOption;
import io.procrastinate.schema.Migration;
import io.procrastinate.schema.SchemaManager;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Creates, prints, checks, migrates and optimizes the schema. */
@Command(
        name = "schema",
        description = "Manage the database schema. Without an option, applies it to a database that has none.")
final class SchemaCommand implements Callable<Integer> {

    /** With many jobs, migrations and indexes take long. */
    private static final Duration LONG = Duration.ofHours(12);

    @ParentCommand
    @Nullable
    Procrastinate root;

    @Spec
    @Nullable
    CommandSpec spec;

    @ArgGroup(exclusive = true)
    Action action = new Action();

    @Option(
            names = "--dry-run",
            fallbackValue = "true",
            description = "With --migrate: print the SQL that would be run, and run nothing.")
    boolean dryRun;

    @Option(
            names = "--keep-old-functions",
            fallbackValue = "true",
            description = "With --migrate: keep the functions that programs of releases before 3.2 call. Migrate"
                    + " again without this when no such program is left.")
    boolean keepOldFunctions;

    static final class Action {

        @Option(
                names = "--apply",
                fallbackValue = "true",
                description = "Apply the schema to the database. Done unless another option is given.")
        boolean apply;

        @Option(names = "--read", fallbackValue = "true", description = "Print the SQL of the schema.")
        boolean read;

        @Option(
                names = "--migrations-path",
                arity = "0..1",
                fallbackValue = "",
                paramLabel = "DIRECTORY",
                description =
                        "Write the migration scripts to a directory, a new one unless it is given, and print its path.")
        @Nullable
        String migrationsPath;

        @Option(
                names = "--check",
                fallbackValue = "true",
                description = "Print the schema's level and its layout; exit 1 if it is missing or not supported.")
        boolean check;

        @Option(
                names = "--migrate",
                fallbackValue = "true",
                description = "Migrate a schema of an older level, from 3.0 on, to the current one.")
        boolean migrate;

        @Option(
                names = "--optimize",
                fallbackValue = "true",
                description =
                        "Change the tables to the layout that makes this library fast, while programs are at work.")
        boolean optimize;

        @Option(
                names = "--deoptimize",
                fallbackValue = "true",
                description = "Change the tables back to what Python makes, while programs are at work.")
        boolean deoptimize;
    }

    @Override
    public Integer call() {
        if ((dryRun || keepOldFunctions) && !action.migrate) {
            throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(),
                    (dryRun ? "--dry-run" : "--keep-old-functions") + " goes with --migrate only");
        }
        try (App app = Objects.requireNonNull(root).appOrDatabase(LONG)) {
            if (action.read) {
                out().println(app.schemaManager().sql().strip());
            } else if (action.migrationsPath != null) {
                out().println(writeMigrations(action.migrationsPath));
            } else {
                app.open();
                change(app.schemaManager());
            }
            return 0;
        }
    }

    private void change(SchemaManager schema) {
        if (action.check) {
            out().println("Schema: " + schema.level().text());
            schema.requireSupported();
            out().println("Layout: " + schema.layout().text());
        } else if (action.migrate) {
            migrate(schema);
        } else if (action.optimize) {
            say("Optimizing schema");
            schema.optimize();
            say("Done");
        } else if (action.deoptimize) {
            say("Deoptimizing schema");
            schema.deoptimize();
            say("Done");
        } else {
            say("Applying schema");
            schema.apply();
            say("Done");
        }
    }

    private void migrate(SchemaManager schema) {
        MigrateOption[] options =
                keepOldFunctions ? new MigrateOption[] {MigrateOption.KEEP_OLD_FUNCTIONS} : new MigrateOption[0];
        say("Migrating schema from level " + schema.level().text());
        if (dryRun) {
            schema.pendingMigrations(options).forEach(step -> say("Would run " + step.name() + ": " + step.purpose()));
            out().print(schema.migrationSql(options));
            say("Nothing was changed");
            return;
        }
        List<Migration> done = schema.migrate(options);
        done.forEach(step -> say("Ran " + step.name() + ": " + step.purpose()));
        say(done.isEmpty() ? "Nothing to do" : "Done");
        if (!schema.isOptimized()) {
            say("To make it fast: procrastinate schema --optimize");
        }
    }

    private static Path writeMigrations(String directory) {
        try {
            Path path = directory.isEmpty()
                    ? Files.createTempDirectory("procrastinate-migrations")
                    : Files.createDirectories(Path.of(directory));
            for (Migration step : Migration.all()) {
                Files.writeString(path.resolve(step.name() + ".sql"), step.sql());
            }
            return path.toAbsolutePath();
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "The migration scripts cannot be written to '" + directory + "'. Name another directory.", e);
        }
    }

    private PrintWriter out() {
        return Procrastinate.out(Objects.requireNonNull(spec));
    }

    private void say(String line) {
        PrintWriter err = Procrastinate.err(Objects.requireNonNull(spec));
        err.println(line);
        err.flush();
    }
}

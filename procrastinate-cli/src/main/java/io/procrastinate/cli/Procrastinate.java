package io.procrastinate.cli;

import io.procrastinate.App;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.ConnectorSettings;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command, with everything that its subcommands share. */
@Command(
        name = "procrastinate",
        description = "Interact with a Procrastinate app: run workers, defer and manage jobs, look after the database.",
        mixinStandardHelpOptions = false,
        versionProvider = Procrastinate.Version.class,
        subcommands = {
            WorkerCommand.class,
            DeferCommand.class,
            SchemaCommand.class,
            HealthchecksCommand.class,
            ShellCommand.class,
            StatusCommand.class,
            DoctorCommand.class,
            CompletionCommand.class
        },
        footer = {
            "",
            "Every option can be given in the environment: PROCRASTINATE_APP, PROCRASTINATE_WORKER_CONCURRENCY, ...",
            "Without --url, the database is that of libpq's environment: PGHOST, PGPORT, PGDATABASE, PGUSER, ..."
        })
public final class Procrastinate {

    Procrastinate() {}

    @Spec
    @Nullable
    CommandSpec spec;

    @Option(
            names = {"-a", "--app"},
            paramLabel = "CLASS[#METHOD]",
            description =
                    "The class that creates the app, by its static method 'app' or the one named here. Commands that"
                            + " need only the database work without.")
    @Nullable
    String app;

    @Option(
            names = "--url",
            paramLabel = "URL",
            description = "The database for commands without an app: postgresql://user@host:port/database")
    @Nullable
    String url;

    @Option(names = "--schema", paramLabel = "NAME", description = "The database schema for commands without an app.")
    @Nullable
    String schema;

    @Option(
            names = "--connector",
            paramLabel = "NAME",
            description = "The connector for commands without an app; the best one unless set.")
    @Nullable
    String connector;

    @Option(
            names = {"-v", "--verbose"},
            split = ",",
            hideParamSyntax = true,
            description = "Increase verbosity: log debug lines, and the stack traces of failures.")
    boolean[] verbose = {};

    @Option(
            names = "--log-format",
            paramLabel = "FORMAT",
            description = "Defines the format used for logging, by the attributes of Python's log records:"
                    + " %(levelname)s:%(name)s:%(message)s unless set.")
    @Nullable
    String logFormat;

    @Option(
            names = "--log-format-style",
            paramLabel = "STYLE",
            description = "Defines the style of --log-format: %, { or $; % unless set.")
    String logFormatStyle = "%";

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Print the version and exit.")
    boolean version;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = CommandLine.ScopeType.INHERIT,
            description = "Print this help.")
    boolean help;

    /** Runs the command and ends the process with its exit code. */
    public static void main(String[] args) {
        CommandLine command = commandLine(System.getenv());
        command.setUsageHelpAutoWidth(true);
        int exitCode = command.execute(args);
        System.exit(exitCode == 0 && isLost(command) ? CommandLine.ExitCode.SOFTWARE : exitCode);
    }

    /**
     * Whether output could not be written, which is reported: output on a full disk must not pass for complete. A
     * reader that closes its pipe is no failure.
     */
    private static boolean isLost(CommandLine command) {
        if (isRead(command.getOut())) {
            return false;
        }
        try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
            out.write('\n'); // to learn why: the standard output hides that
            command.getErr().println("Output could not be written");
        } catch (IOException e) {
            if ("Broken pipe".equals(e.getMessage())) {
                return false;
            }
            command.getErr().println("Output could not be written: " + e.getMessage());
        }
        return true;
    }

    /** The command line, with an environment to read options from. */
    static CommandLine commandLine(Map<String, String> environment) {
        CommandLine commandLine = new CommandLine(new Procrastinate());
        commandLine.setDefaultValueProvider(new EnvironmentDefaults(environment));
        commandLine.registerConverter(Duration.class, new SecondsConverter());
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        // Values from the environment are data.
        commandLine.setInterpolateVariables(false);
        commandLine.setHelpFactory(CommandHelp::new);
        commandLine.setParameterExceptionHandler(CommandHelp::misuse);
        usage(commandLine);
        // As in the original, the last one of --wait and --no-wait counts.
        commandLine.setOverwrittenOptionsAllowed(true);
        commandLine.setExecutionExceptionHandler(FailureReport::report);
        commandLine.setExecutionStrategy(parsed -> {
            Procrastinate root = (Procrastinate) commandLine.getCommand();
            try {
                Logs.configure(root.verbose.length, root.logFormat, root.logFormatStyle);
            } catch (IllegalArgumentException e) {
                throw new ParameterException(commandLine, e.getMessage(), e);
            }
            if (!parsed.hasSubcommand() && !parsed.isUsageHelpRequested() && !parsed.isVersionHelpRequested()) {
                throw new ParameterException(commandLine, "the following arguments are required: command");
            }
            return new CommandLine.RunLast().execute(parsed);
        });
        return commandLine;
    }

    private static void usage(CommandLine command) {
        command.getCommandSpec().usageMessage().synopsisHeading("usage: ");
        command.getSubcommands().values().forEach(Procrastinate::usage);
    }

    /** The named app. */
    App requireApp() {
        return requireApp("");
    }

    /**
     * The named app.
     *
     * @param otherwise what to do without an app, or empty
     */
    App requireApp(String otherwise) {
        if (app == null) {
            String missing =
                    "Missing app. This most probably happened because procrastinate needs an app via --app or the"
                            + " PROCRASTINATE_APP environment variable.";
            throw new MissingAppException(otherwise.isEmpty() ? missing : missing + " " + otherwise);
        }
        return AppLoader.load(app);
    }

    /** The named app, or one without tasks for the database. */
    App appOrDatabase() {
        return appOrDatabase(null);
    }

    /** The named app, or one without tasks for the database, with a time-out for its statements. */
    App appOrDatabase(@Nullable Duration statementTimeout) {
        if (app != null) {
            return AppLoader.load(app);
        }
        ConnectorSettings.Builder settings = ConnectorSettings.builder();
        if (url != null) {
            settings.url(url);
        }
        if (schema != null) {
            settings.schema(schema);
        }
        if (statementTimeout != null) {
            settings.statementTimeout(statementTimeout);
        }
        settings.poolSize(2);
        AsyncConnector chosen = connector == null
                ? Connectors.choose(settings.build()).connector()
                : Connectors.named(connector, settings.build());
        return App.builder().connector(chosen).build();
    }

    static final class Version implements CommandLine.IVersionProvider {

        @Override
        public String[] getVersion() {
            String version = Procrastinate.class.getPackage().getImplementationVersion();
            return new String[] {"procrastinate, version " + (version == null ? "(from sources)" : version)};
        }
    }

    static PrintWriter out(CommandSpec spec) {
        return spec.commandLine().getOut();
    }

    /** Whether the other end of a pipe is still open: the standard output hides its errors from the writer above it. */
    static boolean isRead(PrintWriter out) {
        return !out.checkError() && !System.out.checkError();
    }

    static PrintWriter err(CommandSpec spec) {
        return spec.commandLine().getErr();
    }
}

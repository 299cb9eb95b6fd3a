package io.procrastinate.cli;

import io.procrastinate.App;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Reads commands from a terminal, from a pipe, or from its arguments. */
@Command(name = "shell", description = "Administration shell for procrastinate.")
final class ShellCommand implements Callable<Integer> {

    static final String PROMPT = "procrastinate> ";

    private static final Path HISTORY = Path.of(System.getProperty("user.home", "."), ".procrastinate_history");

    @ParentCommand
    @Nullable
    Procrastinate root;

    @Spec
    @Nullable
    CommandSpec spec;

    @Parameters(
            arity = "0..*",
            paramLabel = "COMMAND",
            description = "A command to run instead of asking for them, with its arguments: list_jobs status=failed. Or"
                    + " several, each of them one argument: \"list_jobs status=failed\" \"retry 17\".")
    List<String> arguments = List.of();

    @Override
    public Integer call() {
        PrintWriter out = Procrastinate.out(Objects.requireNonNull(spec));
        try (App app = Objects.requireNonNull(root).appOrDatabase()) {
            app.open();
            ShellCommands shell = new ShellCommands(app.jobManager(), out, Procrastinate.err(spec));
            if (!arguments.isEmpty()) {
                return runArguments(shell) ? 0 : 1;
            }
            try (Terminal terminal =
                    TerminalBuilder.builder().system(true).dumb(true).build()) {
                if (terminal.getType().startsWith(Terminal.TYPE_DUMB)) {
                    return readPiped(shell, out) ? 0 : 1;
                }
                readTerminal(terminal, shell, out, HISTORY);
                return 0;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The terminal cannot be read", e);
        }
    }

    /**
     * Runs one command, as in the original; or each argument as a command, if all of them begin with the name of a
     * command.
     */
    private boolean runArguments(ShellCommands shell) {
        boolean several = !arguments.get(0).equals("help")
                && arguments.stream()
                        .allMatch(argument ->
                                ShellHelp.names().contains(argument.strip().split("\\s+", 2)[0]));
        if (!several) {
            return shell.run(arguments);
        }
        return arguments.stream().map(shell::run).reduce(true, Boolean::logicalAnd);
    }

    /** Runs every line, with the output that a terminal would show; returns whether all succeeded. */
    private static boolean readPiped(ShellCommands shell, PrintWriter out) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        welcome(out);
        boolean done = true;
        while (!shell.hasEnded()) {
            out.print(PROMPT);
            if (!shell.isRead()) {
                return false; // as in the original, stops when nothing reads the output any more
            }
            String line = lines.readLine();
            if (line == null) {
                break;
            }
            done &= shell.run(line);
        }
        return done;
    }

    /** Reads commands until the user ends the shell. */
    static void readTerminal(Terminal terminal, ShellCommands shell, PrintWriter out, Path history) {
        welcome(out);
        try {
            LineReader reader = LineReaderBuilder.builder()
                    .terminal(terminal)
                    .completer(new ShellCompleter())
                    .variable(LineReader.HISTORY_FILE, history)
                    .build();
            while (!shell.hasEnded()) {
                shell.run(reader.readLine(PROMPT));
            }
        } catch (EndOfFileException | UserInterruptException e) {
            // Control-D or Control-C ends the shell.
            out.println();
        }
    }

    private static void welcome(PrintWriter out) {
        out.println("Welcome to the procrastinate shell.   Type help or ? to list commands.");
        out.println();
        out.flush();
    }
}

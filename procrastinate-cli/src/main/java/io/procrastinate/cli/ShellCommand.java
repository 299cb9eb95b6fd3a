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
import org.jline.reader.impl.completer.StringsCompleter;
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

    @ParentCommand
    @Nullable
    Procrastinate root;

    @Spec
    @Nullable
    CommandSpec spec;

    @Parameters(
            arity = "0..*",
            paramLabel = "COMMAND",
            description = "Commands to run instead of asking for them, each one argument: \"list_jobs status=failed\".")
    List<String> commands = List.of();

    @Override
    public Integer call() {
        PrintWriter out = Procrastinate.out(Objects.requireNonNull(spec));
        try (App app = Objects.requireNonNull(root).appOrDatabase()) {
            app.open();
            ShellCommands shell = new ShellCommands(app.jobManager(), out, Procrastinate.err(spec));
            if (!commands.isEmpty()) {
                long failed =
                        commands.stream().filter(command -> !shell.run(command)).count();
                return failed == 0 ? 0 : 1;
            }
            try (Terminal terminal =
                    TerminalBuilder.builder().system(true).dumb(true).build()) {
                if (terminal.getType().startsWith(Terminal.TYPE_DUMB)) {
                    readPiped(shell);
                } else {
                    readTerminal(terminal, shell, out);
                }
            }
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException("The terminal cannot be read", e);
        }
    }

    private static void readPiped(ShellCommands shell) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null && !shell.hasEnded(); line = lines.readLine()) {
            shell.run(line);
        }
    }

    private static void readTerminal(Terminal terminal, ShellCommands shell, PrintWriter out) {
        out.println("Welcome to the procrastinate shell.   Type help or ? to list commands.");
        out.println();
        out.flush();
        try {
            LineReader reader = LineReaderBuilder.builder()
                    .terminal(terminal)
                    .completer(new StringsCompleter(ShellCommands.words()))
                    .variable(
                            LineReader.HISTORY_FILE,
                            Path.of(System.getProperty("user.home", "."), ".procrastinate_history"))
                    .build();
            while (!shell.hasEnded()) {
                shell.run(reader.readLine(PROMPT));
            }
        } catch (EndOfFileException | UserInterruptException e) {
            // Control-D or Control-C: the user has had enough.
            out.println();
        }
    }
}

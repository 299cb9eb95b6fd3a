package io.procrastinate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The commands in the documentation are valid, and its reference has every option. */
class CommandsInDocumentationTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern SHELL = Pattern.compile("(?ms)^```sh\\n(.*?)^```$");
    private static final Pattern CALL = Pattern.compile(
            "(?m)(?:^|\\| )(?:java -cp \\S+ io\\.procrastinate\\.cli\\.Procrastinate|procrastinate) (.+)$");
    private static final Pattern WORD = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");

    static Stream<String> calls() throws IOException {
        try (Stream<Path> root = Files.list(ROOT);
                Stream<Path> pages = Files.list(ROOT.resolve("docs"))) {
            return Stream.concat(root, pages).filter(path -> path.toString().endsWith(".md")).toList().stream()
                    .flatMap(path -> SHELL.matcher(read(path)).results())
                    .flatMap(block -> CALL.matcher(block.group(1)).results())
                    .map(call -> call.group(1));
        }
    }

    @ParameterizedTest
    @MethodSource("calls")
    void callsThatAreShownAreUnderstood(String call) {
        List<String> words = WORD.matcher(call)
                .results()
                .map(CommandsInDocumentationTest::unquoted)
                .toList();

        CommandLine.ParseResult parsed = Procrastinate.commandLine(Map.of()).parseArgs(words.toArray(String[]::new));

        assertThat(parsed.hasSubcommand()).isTrue();
        if (parsed.subcommand().commandSpec().name().equals("shell")) {
            assertThat(words.subList(words.indexOf("shell") + 1, words.size()))
                    .allSatisfy(line -> assertThat(ShellHelp.names()).contains(line.split(" ", 2)[0]));
        }
    }

    @Test
    void referenceHasEveryOptionAsTheCodeDescribesIt() {
        CommandSpec root = Procrastinate.commandLine(Map.of()).getCommandSpec();
        List<String> expected = new ArrayList<>(lines("procrastinate", root));
        root.subcommands().forEach((name, command) -> expected.addAll(lines(name, command.getCommandSpec())));

        String reference = read(ROOT.resolve("docs/reference.md"));
        assertThat(reference.substring(reference.indexOf("## Command line")).lines())
                .filteredOn(line -> line.startsWith("### ") || line.startsWith("| `"))
                .containsExactlyElementsOf(expected);
    }

    private static List<String> lines(String name, CommandSpec command) {
        List<ArgSpec> arguments = command.args().stream()
                .filter(argument -> !(argument instanceof OptionSpec option && (option.hidden() || option.usageHelp())))
                .toList();
        if (arguments.isEmpty()) {
            return List.of();
        }
        List<String> lines = new ArrayList<>(List.of("### " + name));
        arguments.stream().map(CommandsInDocumentationTest::line).forEach(lines::add);
        return lines;
    }

    private static String line(ArgSpec argument) {
        Stream<String> names =
                argument instanceof OptionSpec option ? Stream.of(option.names()) : Stream.of(argument.paramLabel());
        boolean hasVariable = !(argument instanceof OptionSpec option && option.versionHelp());
        return "| " + names.map(name -> "`" + name + "`").collect(Collectors.joining(", ")) + " | "
                + (hasVariable ? "`" + EnvironmentDefaults.variable(argument) + "` " : "") + "| "
                + String.join(" ", argument.description()).replace("|", "\\|") + " |";
    }

    private static String unquoted(MatchResult word) {
        return Stream.of(1, 2, 3)
                .map(word::group)
                .filter(text -> text != null)
                .findFirst()
                .orElseThrow();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

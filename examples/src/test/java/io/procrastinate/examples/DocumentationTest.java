package io.procrastinate.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The code that the documentation shows is cut from the examples, which are compiled and tested. */
class DocumentationTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern JAVA = Pattern.compile("(?ms)^```java\\n(.*?)^```$");
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:)([^)#\\s]+)[)#]");

    static Stream<String> snippets() {
        return JAVA.matcher(readme()).results().map(snippet -> snippet.group(1));
    }

    @ParameterizedTest
    @MethodSource("snippets")
    void snippetStandsInAnExample(String snippet) throws IOException {
        List<String> sources;
        try (Stream<Path> tree = Files.walk(ROOT.resolve("examples/src"))) {
            sources = tree.filter(Files::isRegularFile)
                    .map(DocumentationTest::read)
                    .map(DocumentationTest::withoutIndentation)
                    .toList();
        }

        assertThat(sources)
                .as("an example that holds the README's code%n%s", snippet)
                .anyMatch(source -> source.contains(withoutIndentation(snippet)));
    }

    @Test
    void firstProgramPrintsWhatIsShown() {
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            FirstJob.main(TestDatabase.empty().url());
        } finally {
            System.setOut(before);
        }

        assertThat(readme()).contains("```\n" + printed.toString(StandardCharsets.UTF_8) + "```");
    }

    @Test
    void firstScreenShowsCode() {
        assertThat(readme().lines().limit(12)).contains("```java");
    }

    @ParameterizedTest
    @ValueSource(strings = {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/decisions.md"})
    void linksLeadSomewhere(String document) {
        Path page = ROOT.resolve(document);

        assertThat(LINK.matcher(read(page)).results().map(link -> page.resolveSibling(link.group(1))))
                .allSatisfy(target -> assertThat(target).exists());
    }

    private static String readme() {
        return read(ROOT.resolve("README.md"));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String withoutIndentation(String text) {
        return text.lines().map(String::strip).collect(Collectors.joining("\n"));
    }
}

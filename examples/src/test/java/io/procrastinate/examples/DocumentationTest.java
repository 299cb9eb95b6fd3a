package io.procrastinate.examples;

import static io.procrastinate.examples.Documents.read;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The code in the documentation is cut from the examples, which are compiled and tested. */
class DocumentationTest {

    private static final Pattern JAVA = Pattern.compile("(?ms)^```java\\n(.*?)^```$");
    private static final Pattern CODE = Pattern.compile("(?ms)^```.*?^```$");
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:)([^)#\\s]*)(?:#([^)\\s]+))?\\)");
    private static final Pattern MODULE = Pattern.compile("<module>([^<]+)</module>");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.+)$");
    private static final List<String> SOURCES =
            Documents.files("(examples(/module-path|/spring-boot)?|interop)/src/.*\\.java").stream()
                    .map(source -> withoutIndentation(read(source)))
                    .toList();

    static Stream<Path> documents() {
        return Documents.files("[A-Z]+\\.md|docs/[^/]+\\.md|tck/README\\.md").stream();
    }

    @ParameterizedTest
    @MethodSource("documents")
    void codeStandsInAnExample(Path document) {
        List<String> snippets = JAVA.matcher(read(document))
                .results()
                .map(snippet -> withoutIndentation(snippet.group(1)))
                .toList();

        assertThat(snippets)
                .allSatisfy(snippet -> assertThat(SOURCES.stream().anyMatch(source -> source.contains(snippet)))
                        .as("an example holds this code of %s%n%s", document.getFileName(), snippet)
                        .isTrue());
    }

    @ParameterizedTest
    @MethodSource("documents")
    void linksLeadSomewhere(Path document) {
        String text = CODE.matcher(read(document)).replaceAll("");

        for (MatchResult link : LINK.matcher(text).results().toList()) {
            Path target = link.group(1).isEmpty() ? document : document.resolveSibling(link.group(1));
            assertThat(target).exists();
            if (link.group(2) != null) {
                assertThat(anchors(read(target))).as("headings of %s", target).contains(link.group(2));
            }
        }
    }

    @Test
    void everyPageIsInTheIndex() {
        String index = read("docs/README.md");

        assertThat(Documents.files("docs/[^/]+\\.md"))
                .extracting(page -> page.getFileName().toString())
                .allSatisfy(name -> assertThat(index).contains(name.equals("README.md") ? "" : "(" + name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"README.md", "docs/quickstart.md"})
    void firstProgramPrintsWhatIsShown(String document) {
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            FirstJob.main(TestDatabase.empty().url());
        } finally {
            System.setOut(before);
        }

        assertThat(read(document)).contains("```\n" + printed.toString(StandardCharsets.UTF_8) + "```");
    }

    @Test
    void readmeIsShortAndItsFirstScreenShowsCode() {
        assertThat(read("README.md").lines())
                .hasSizeLessThanOrEqualTo(150)
                .startsWith("# Procrastinate for Java")
                .anyMatch(line -> line.startsWith("./quickstart "))
                .anyMatch(line -> line.startsWith("mvn verify "));
        assertThat(read("README.md").lines().limit(12)).contains("```java");
    }

    @Test
    void aPageListsEveryModule() {
        List<String> modules = MODULE.matcher(read("pom.xml"))
                .results()
                .map(module -> "`" + module.group(1) + "`")
                .toList();

        assertThat(Documents.rows(read("docs/modules.md")))
                .extracting(row -> row.get(0))
                .containsExactlyInAnyOrderElementsOf(modules);
    }

    @ParameterizedTest
    @MethodSource("documents")
    void linesFitAScreen(Path document) {
        assertThat(CODE.matcher(read(document)).replaceAll("").lines())
                .as("lines of at most 120 characters, but for tables, code and links")
                .allMatch(line -> line.length() <= 120 || line.startsWith("|") || line.contains("]("));
    }

    /** The anchors of the headings on GitHub. */
    private static List<String> anchors(String text) {
        return HEADING.matcher(CODE.matcher(text).replaceAll(""))
                .results()
                .map(heading -> heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{Alnum} _-]", "")
                        .replace(' ', '-'))
                .toList();
    }

    private static String withoutIndentation(String text) {
        return text.lines().map(String::strip).collect(Collectors.joining("\n"));
    }
}

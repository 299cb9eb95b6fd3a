package io.procrastinate.examples;

import static io.procrastinate.examples.Documents.read;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The versions that the documentation shows are those of the build. */
class VersionsTest {

    private static final Pattern ARTIFACT =
            Pattern.compile("<artifactId>([^<]+)</artifactId>\\s*<version>([^<]+)</version>");
    private static final Pattern GRADLE = Pattern.compile("[\\w.]+:([\\w-]+):(\\d[\\w.-]*)");
    private static final Pattern PROPERTY = Pattern.compile("<([a-z0-9.-]+)\\.version>([^<]+)</");

    private static final String BUILD = read("pom.xml");
    private static final String PROJECT =
            first(BUILD, "<artifactId>procrastinate-parent</artifactId>\\s*<version>([^<]+)<");

    static Stream<Path> documents() {
        return DocumentationTest.documents();
    }

    @ParameterizedTest
    @MethodSource("documents")
    void artifactsHaveTheVersionOfTheBuild(Path document) {
        Map<String, String> versions = versions();
        String text = read(document);

        List<MatchResult> shown = Stream.concat(
                        ARTIFACT.matcher(text).results(), GRADLE.matcher(text).results())
                .filter(artifact -> !artifact.group(2).startsWith("$"))
                .toList();

        assertThat(shown)
                .allSatisfy(artifact -> assertThat(artifact.group(2))
                        .as("the version of %s in %s", artifact.group(1), document.getFileName())
                        .isEqualTo(
                                artifact.group(1).startsWith("procrastinate-")
                                        ? PROJECT
                                        : versions.getOrDefault(artifact.group(1), artifact.group(2))));
    }

    @Test
    void peersAreComparedInTheVersionsThatAreMeasured() {
        String peers = read("benchmarks/pom.xml");

        assertThat(read("README.md"))
                .contains(") " + minor(peers, "jobrunr") + ", free |")
                .contains(") " + minor(peers, "db-scheduler") + " |")
                .contains(") " + minor(peers, "quartz") + ", JDBC store |");
    }

    @Test
    void theNewestServerIsTheOneOfTheBuild() {
        String major = first(BUILD, "<postgres.version>(\\d+)\\.");

        assertThat(List.of("README.md", "VERSIONING.md", "docs/decisions.md"))
                .allSatisfy(page -> assertThat(read(page)).contains("13 to " + major));
    }

    @Test
    void errorProneIsTheOneOfTheBuild() {
        assertThat(read("docs/decisions.md"))
                .contains("Error Prone " + properties(BUILD).get("error-prone"));
    }

    /** The versions of artifacts and plug-ins, by name. */
    private static Map<String, String> versions() {
        Map<String, String> properties = properties(BUILD);
        Map<String, String> versions = new HashMap<>();
        ARTIFACT.matcher(BUILD).results().forEach(artifact -> {
            String version = artifact.group(2);
            versions.put(
                    artifact.group(1),
                    version.startsWith("${")
                            ? properties.getOrDefault(version.replaceAll("\\$\\{(.*)\\.version\\}", "$1"), version)
                            : version);
        });
        return versions;
    }

    private static Map<String, String> properties(String pom) {
        Map<String, String> properties = new HashMap<>();
        PROPERTY.matcher(pom).results().forEach(property -> properties.put(property.group(1), property.group(2)));
        return properties;
    }

    private static String minor(String pom, String name) {
        return first(pom, "<" + name + "\\.version>(\\d+\\.\\d+)");
    }

    private static String first(String text, String pattern) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .findFirst()
                .orElseThrow(() -> new AssertionError(pattern))
                .group(1);
    }
}

package io.procrastinate;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.schema.OurIndexes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The style of the {@code .sql} files of all modules. */
class SqlFilesTest {

    private static final int COLUMNS = 120;
    private static final Pattern STATEMENT = Pattern.compile("^( *)(?:SELECT|UPDATE|DELETE|PERFORM)\\b");
    private static final Pattern CLAUSE = Pattern.compile("^( *)(?:FROM|WHERE|SET|INTO|ORDER BY|GROUP BY|LIMIT)\\b");

    @Test
    void noLineIsWiderThanThePage() throws IOException {
        for (Path file : files()) {
            for (String line : Files.readAllLines(file)) {
                assertThat(line).as(file.toString()).hasSizeLessThanOrEqualTo(COLUMNS);
                assertThat(line).as(file.toString()).doesNotContain("\t").doesNotEndWith(" ");
            }
        }
    }

    /** The keywords of a statement's clauses end where its first keyword ends, and do not begin where it begins. */
    @Test
    void clausesAreAlignedToTheRight() throws IOException {
        for (Path file : files()) {
            int statement = -1;
            for (String line : Files.readAllLines(file)) {
                Matcher first = STATEMENT.matcher(line);
                Matcher clause = CLAUSE.matcher(line);
                if (first.find()) {
                    statement = first.group(1).length();
                } else if (clause.find()) {
                    assertThat(clause.group(1).length()).as(file + ": " + line).isNotEqualTo(statement);
                }
                if (line.endsWith(";")) {
                    statement = -1;
                }
            }
        }
    }

    @Test
    void thereIsNoPartOrBoundThatNoQueryUses() throws IOException {
        for (String kind : List.of("part", "bound")) {
            Set<String> declared = new TreeSet<>();
            Set<String> used = new TreeSet<>();
            for (Path file : files()) {
                String text = Files.readString(file);
                declared.addAll(names("(?m)^-- " + kind + ": (\\w+)", text));
                used.addAll(names(kind.equals("part") ? "-- include: (\\w+)" : ":(\\w+)", text));
            }
            declared.removeAll(used);
            assertThat(declared).as(kind).isEmpty();
        }
    }

    @Test
    void theNamesOfOurIndexesStandOnlyWhereTheyAreMade() throws IOException {
        assertThat(OurIndexes.names()).hasSizeGreaterThan(5);
        for (String name : OurIndexes.names()) {
            assertThat(sources().stream().filter(source -> contains(source, name)))
                    .as(name)
                    .containsExactly(Path.of("src/main/resources/io/procrastinate/schema/optimize.sql"));
        }
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src/main"))) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    private static boolean contains(Path source, String name) {
        try {
            return Pattern.compile("\\b" + name + "\\b")
                    .matcher(Files.readString(source))
                    .find();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Set<String> names(String pattern, String text) {
        Set<String> names = new TreeSet<>();
        Pattern.compile(pattern).matcher(text).results().forEach(found -> names.add(found.group(1)));
        return names;
    }

    private static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of(".."))) {
            List<Path> sql = files.filter(file -> file.toString().endsWith(".sql"))
                    .filter(file -> !file.toString().contains("/target/"))
                    .toList();
            assertThat(sql).isNotEmpty();
            return sql;
        }
    }
}

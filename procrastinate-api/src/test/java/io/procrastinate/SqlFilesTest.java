package io.procrastinate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The style of the {@code .sql} files of all modules; what two of them share must be equal. */
class SqlFilesTest {

    private static final int COLUMNS = 120;
    private static final Path SQL = Path.of("src/main/resources/io/procrastinate");
    private static final Pattern STATEMENT = Pattern.compile("^( *)(?:SELECT|UPDATE|DELETE|PERFORM)\\b");
    private static final Pattern CLAUSE = Pattern.compile("^( *)(?:FROM|WHERE|SET|INTO|ORDER BY|GROUP BY|LIMIT)\\b");
    private static final Pattern OUR_INDEX = Pattern.compile("procrastinate_java_\\w+_idx\\b");

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
    void ourIndexesHaveTheSameNamesWhereTheyAreMadeDroppedAndLookedFor() throws IOException {
        Set<String> made =
                names("CREATE INDEX IF NOT EXISTS (\\w+_idx)\\s", Files.readString(SQL.resolve("schema/optimize.sql")));
        Set<String> dropped = names("(" + OUR_INDEX + ")", Files.readString(SQL.resolve("schema/deoptimize.sql")));
        Set<String> lookedFor = names("(" + OUR_INDEX + ")", Files.readString(SQL.resolve("worker/fetch.sql")));

        dropped.remove("procrastinate_java_unlogged_idx"); // made for the way back only
        assertThat(made).isNotEmpty().isEqualTo(dropped);
        made.removeAll(
                Set.of("procrastinate_java_worker_idx", "procrastinate_java_ended_idx")); // no fetch walks on them
        assertThat(made).isEqualTo(lookedFor);
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

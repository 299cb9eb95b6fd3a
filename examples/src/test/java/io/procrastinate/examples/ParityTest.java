package io.procrastinate.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The table of the features of Procrastinate for Python names a test for each line, and the test exists. */
class ParityTest {

    private static final int ITEMS = 110;
    private static final Pattern TEST = Pattern.compile("`(\\w+)#(\\w+)`");
    private static final List<List<String>> ROWS = Documents.rows(Documents.read("docs/parity.md"));
    private static final Map<String, List<Path>> CLASSES = Documents.files(".*/src/(test|main)/java/.*\\.java").stream()
            .collect(Collectors.groupingBy(path -> path.getFileName().toString().replace(".java", "")));

    @Test
    void everyItemHasItsLine() {
        assertThat(ROWS)
                .extracting(row -> row.get(0))
                .containsExactlyElementsOf(IntStream.rangeClosed(1, ITEMS)
                        .mapToObj(Integer::toString)
                        .toList());
        assertThat(ROWS).allSatisfy(row -> assertThat(row).hasSize(4));
        assertThat(ROWS).extracting(row -> row.get(2)).containsOnly("done", "n/a");
    }

    @Test
    void whatIsDoneHasATestAndWhatIsNotAReason() {
        assertThat(ROWS).allSatisfy(row -> {
            if (row.get(2).equals("done")) {
                assertThat(row.get(3)).as("tests of %s", row).matches(".*" + TEST + ".*");
            } else {
                assertThat(row.get(3)).as("reason of %s", row).hasSizeGreaterThan(10);
            }
        });
    }

    @Test
    void everyTestIsThere() {
        assertThat(ROWS).allSatisfy(row -> {
            Matcher test = TEST.matcher(row.get(3));
            while (test.find()) {
                assertThat(CLASSES.getOrDefault(test.group(1), List.of()))
                        .as("%s, for item %s", test.group(), row.get(0))
                        .anyMatch(source -> Documents.read(source).contains("void " + test.group(2) + "("));
            }
        });
    }
}

package io.procrastinate.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The code of docs/sharing-queues-with-python.md is cut from these tests, in both languages. */
class SharedQueuesPageTest {

    private static final Path PAGE = Path.of("..", "docs", "sharing-queues-with-python.md");
    private static final Pattern CODE = Pattern.compile("(?ms)^```(?:java|python)\\n(.*?)^```$");

    @Test
    void itsCodeIsTested() throws IOException {
        StringBuilder sources = new StringBuilder();
        for (Path file : sources()) {
            sources.append(withoutIndentation(Files.readString(file))).append('\n');
        }

        assertThat(CODE.matcher(Files.readString(PAGE)).results().map(snippet -> withoutIndentation(snippet.group(1))))
                .isNotEmpty()
                .allSatisfy(snippet ->
                        assertThat(sources.indexOf(snippet)).as(snippet).isNotNegative());
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> tree = Files.walk(Path.of("src"))) {
            return tree.filter(file -> file.toString().matches(".*\\.(java|py)"))
                    .toList();
        }
    }

    private static String withoutIndentation(String text) {
        return text.lines().map(String::strip).collect(Collectors.joining("\n"));
    }
}

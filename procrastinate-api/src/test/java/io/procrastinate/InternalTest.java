package io.procrastinate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Internal members are kept away from users. */
class InternalTest {

    private static final Pattern COMMENT =
            Pattern.compile("/\\*\\*(?:(?!\\*/).)*\\*/\\s*((?:@\\w+\\s+)*)", Pattern.DOTALL);

    @Test
    void whatIsInternalIsNotInThePublishedDocumentation() throws IOException {
        List<String> hidden = comments()
                .filter(comment -> comment.group().contains("* @hidden"))
                .map(InternalTest::place)
                .toList();

        assertThat(hidden)
                .hasSizeGreaterThan(20)
                .containsExactlyInAnyOrderElementsOf(comments()
                        .filter(comment -> comment.group(1).contains("@Internal"))
                        .map(InternalTest::place)
                        .toList());
    }

    /** Each comment, with the annotations that follow it. */
    private static Stream<MatchResult> comments() throws IOException {
        try (Stream<Path> tree = Files.walk(Path.of("src/main/java"))) {
            return tree
                    .filter(path -> path.toString().endsWith(".java"))
                    .flatMap(path -> COMMENT.matcher(read(path)).results())
                    .toList()
                    .stream();
        }
    }

    private static String place(MatchResult comment) {
        return comment.group().replaceAll("\\s+", " ");
    }

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

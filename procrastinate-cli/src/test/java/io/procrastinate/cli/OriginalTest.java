package io.procrastinate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Compares the command with the original: texts and exit codes of {@code original.txt}. */
class OriginalTest extends CommandTest {

    @Test
    void answersAsTheOriginalDoes() throws IOException {
        environment.put("PROCRASTINATE_APP", APP);
        for (String exchange : text().split("(?m)^\\$ ", -1)) {
            List<String> lines = exchange.lines().toList();
            if (exchange.contains("\ncode: ")) {
                check(lines.get(0), lines);
            }
        }
    }

    private void check(String command, List<String> expected) {
        forget();
        int code = run(Words.of(command).toArray(String[]::new));

        assertThat(code)
                .as(command + "\n" + err())
                .isEqualTo(Integer.parseInt(only("code: ", expected).get(0)));
        assertThat(out().lines().toList()).as(command).isEqualTo(only("out: ", expected));
        assertThat(err().lines().toList()).as(command).containsAll(only("err: ", expected));
    }

    private static List<String> only(String kind, List<String> lines) {
        return lines.stream()
                .filter(line -> line.startsWith(kind))
                .map(line -> line.substring(kind.length()))
                .toList();
    }

    private static String text() throws IOException {
        try (InputStream stream = Objects.requireNonNull(OriginalTest.class.getResourceAsStream("original.txt"))) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}

package io.procrastinate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Output that cannot be written, which only a separate process shows. */
class OutputTest {

    /** Keeps no file about its performance. */
    private static final List<String> SCHEMA_READ = List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:-UsePerfData",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            Procrastinate.class.getName(),
            "schema",
            "--read");

    @Test
    void outputThatIsLostIsAFailure(@TempDir Path directory) throws Exception {
        // The shell forbids writing to files, as on a full disk.
        List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -f 0; exec \"$@\"", "sh"));
        command.addAll(SCHEMA_READ);
        Process reading = new ProcessBuilder(command)
                .redirectOutput(directory.resolve("output").toFile())
                .start();

        assertThat(new String(reading.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
                .startsWith("Output could not be written");
        assertThat(reading.waitFor()).isEqualTo(1);
    }

    @Test
    void whoReadsAPipeMayHaveSeenEnough() throws Exception {
        Process reading =
                new ProcessBuilder(SCHEMA_READ).redirectError(Redirect.DISCARD).start();
        reading.getInputStream().close();

        assertThat(reading.waitFor()).isZero();
    }
}

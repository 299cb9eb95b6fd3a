package io.procrastinate.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What becomes of output that cannot be written, which only a process of its own shows. */
class OutputTest {

    private static final File FULL = new File("/dev/full");

    @Test
    void outputThatIsLostIsAFailure() throws Exception {
        assumeThat(FULL).exists();
        Process reading = schemaRead().redirectOutput(FULL).start();

        assertThat(new String(reading.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
                .startsWith("Output could not be written");
        assertThat(reading.waitFor()).isEqualTo(1);
    }

    @Test
    void whoReadsAPipeMayHaveSeenEnough() throws Exception {
        Process reading = schemaRead().redirectError(Redirect.DISCARD).start();
        reading.getInputStream().close();

        assertThat(reading.waitFor()).isZero();
    }

    private static ProcessBuilder schemaRead() {
        return new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Procrastinate.class.getName(),
                "schema",
                "--read");
    }
}

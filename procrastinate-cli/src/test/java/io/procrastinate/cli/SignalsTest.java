package io.procrastinate.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.exception.JobAbortedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A worker in a separate process that is asked to end. */
class SignalsTest extends CommandTest {

    private static final String URL_VARIABLE = "SIGNALS_TEST_URL";
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    @Nullable
    Path folder;

    private @Nullable Process worker;

    /** The app of the other process: its job runs until it is asked to abort. */
    static App stubborn() {
        App app = App.builder().url(System.getenv(URL_VARIABLE)).build();
        app.task("wait").body((context, args) -> {
            CountDownLatch never = new CountDownLatch(1);
            while (!context.shouldAbort()) {
                if (never.await(100, TimeUnit.MILLISECONDS)) {
                    throw new IllegalStateException("the latch is never counted down");
                }
            }
            throw new JobAbortedException("asked");
        });
        return app;
    }

    @BeforeEach
    void runAJob() throws IOException {
        run("--url", url(), "schema");
        run("--url", url(), "defer", "wait", "--unknown");
        List<String> command =
                new ArrayList<>(ignoresInterrupts() ? List.of("env", "--default-signal=INT") : List.of());
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Procrastinate.class.getName(),
                "--app",
                SignalsTest.class.getName() + "#stubborn",
                "worker"));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put(URL_VARIABLE, url());
        worker =
                builder.redirectErrorStream(true).redirectOutput(log().toFile()).start();
        await().atMost(LIMIT)
                .until(() -> value("SELECT status FROM procrastinate_jobs").equals("doing"));
    }

    /** Scripts start background processes with SIGINT ignored, and processes pass that on to their children. */
    private static boolean ignoresInterrupts() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return false;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 0b10) != 0);
    }

    @AfterEach
    void kill() {
        if (worker != null) {
            worker.destroyForcibly();
        }
    }

    @ParameterizedTest
    @CsvSource({"TERM, 143", "INT, 130"})
    void theFirstIsGracefulTheSecondImmediate(String signal, int code) throws Exception {
        send(signal);
        await().atMost(LIMIT)
                .until(() -> Files.readString(log()).contains("INFO:io.procrastinate.worker.Worker:Stop requested"));
        assertThat(process().isAlive()).isTrue();

        send(signal);

        assertThat(process().waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(process().exitValue()).isEqualTo(code);
        assertThat(value("SELECT status FROM procrastinate_jobs")).isEqualTo("doing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void jobsCanStillBeAbortedDuringAGracefulEnd(String signal) throws Exception {
        send(signal);
        await().atMost(LIMIT)
                .until(() -> Files.readString(log()).contains("INFO:io.procrastinate.worker.Worker:Stop requested"));

        run("--url", url(), "shell", "abort", "1");

        assertThat(process().waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(process().exitValue()).isZero();
        assertThat(value("SELECT status FROM procrastinate_jobs")).isEqualTo("aborted");
        assertThat(value("SELECT count(*) FROM procrastinate_workers")).isEqualTo("0");
    }

    private void send(String signal) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder(
                        "kill", "-" + signal, String.valueOf(process().pid()))
                .start();
        assertThat(kill.waitFor()).isZero();
    }

    private Process process() {
        return Objects.requireNonNull(worker);
    }

    private Path log() {
        return Objects.requireNonNull(folder).resolve("worker.log");
    }
}

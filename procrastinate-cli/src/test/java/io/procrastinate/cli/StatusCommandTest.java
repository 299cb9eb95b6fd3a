package io.procrastinate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The overview of the queues, once and repeatedly. */
class StatusCommandTest extends CommandTest {

    private static final String ANSI = "picocli.ansi";
    private static final String CLEAR = "\u001b[H\u001b[2J";

    @BeforeEach
    void schema() {
        run("--url", url(), "schema");
        forget();
    }

    @AfterEach
    void noAnsi() {
        System.clearProperty(ANSI);
    }

    @Test
    void showsEachQueueInOneLine() {
        assertThat(printed("--url", url(), "status")).isEqualTo(table("(no jobs)"));
        defer("mail");
        defer("a-queue-with-a-long-name");
        assertThat(printed("--url", url(), "status").lines())
                .containsExactly(
                        "queue                           todo       doing   succeeded      failed   cancelled     aborted",
                        "a-queue-with-a-long-name           1           0           0           0           0           0",
                        "mail                               1           0           0           0           0           0");
    }

    @Test
    void showsAgainWhatHasChanged() {
        List<Duration> pauses = new ArrayList<>();
        int code = watch(
                length -> {
                    pauses.add(length);
                    defer("mail");
                    return pauses.size() < 3;
                },
                "--watch");

        assertThat(code).isZero();
        assertThat(pauses).hasSize(3).containsOnly(Duration.ofSeconds(2));
        assertThat(out()).isEqualTo(table("(no jobs)") + table(mail(1)) + table(mail(2)));
    }

    @Test
    void pausesAsLongAsItIsTold() {
        List<Duration> pauses = new ArrayList<>();
        watch(length -> !pauses.add(length), "--watch", "0.5");
        watch(length -> !pauses.add(length), "--watch=60");
        environment.put("PROCRASTINATE_STATUS_WATCH", "7");
        watch(length -> !pauses.add(length));

        assertThat(pauses).containsExactly(Duration.ofMillis(500), Duration.ofMinutes(1), Duration.ofSeconds(7));
    }

    @Test
    void aPauseThatIsNoNumberOfSecondsIsRefused() {
        assertThat(run("--url", url(), "status", "--watch", "often")).isEqualTo(2);
        assertThat(run("--url", url(), "status", "--watch", "-1")).isEqualTo(2);
        assertThat(err()).contains("often").contains("is not a number of seconds");
    }

    @Test
    void endsWhenInterrupted() {
        int code = watch(
                length -> {
                    Thread.currentThread().interrupt();
                    return StatusCommand.sleep(length);
                },
                "--watch",
                "3600");

        assertThat(Thread.interrupted()).isTrue();
        assertThat(code).isZero();
        assertThat(out()).isEqualTo(table("(no jobs)"));
    }

    @Test
    void clearsATerminalAndNothingElse() {
        watch(twice(), "--watch");
        assertThat(out()).doesNotContain("\u001b");

        forget();
        System.setProperty(ANSI, "true");
        watch(twice(), "--watch");
        assertThat(out()).isEqualTo(table("(no jobs)") + CLEAR + table("(no jobs)"));
    }

    @Test
    void printsOneLineOfJsonEachTime() {
        defer("mail");
        watch(twice(), "--watch", "--json");

        assertThat(out().lines())
                .hasSize(2)
                .containsOnly(
                        "[{\"queue\":\"mail\",\"todo\":1,\"doing\":0,\"succeeded\":0,\"failed\":0,\"cancelled\":0,"
                                + "\"aborted\":0}]");
    }

    @Test
    void endsWhenNobodyReadsAnyMore() throws Exception {
        Process watching = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Procrastinate.class.getName(),
                        "--url",
                        url(),
                        "status",
                        "--watch",
                        "0.1")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            BufferedReader lines =
                    new BufferedReader(new InputStreamReader(watching.getInputStream(), StandardCharsets.UTF_8));
            assertThat(lines.readLine()).startsWith("queue");

            lines.close();

            assertThat(watching.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(watching.exitValue()).isZero();
        } finally {
            watching.destroyForcibly();
        }
    }

    @Test
    void asksNoMoreOnceWritingFails() {
        CommandLine command = Procrastinate.commandLine(environment);
        command.setOut(new PrintWriter(new Closed()));
        List<Duration> pauses = new ArrayList<>();
        status(command).pause = pauses::add;

        assertThat(command.execute("--url", url(), "status", "--watch")).isZero();
        assertThat(pauses).isEmpty();
    }

    private void defer(String queue) {
        // A separate command prints to its own writers.
        assertThat(Procrastinate.commandLine(environment)
                        .setErr(new PrintWriter(Writer.nullWriter()))
                        .setOut(new PrintWriter(Writer.nullWriter()))
                        .execute("--url", url(), "defer", "sum", "--unknown", "--queue", queue))
                .isZero();
    }

    private int watch(Predicate<Duration> pause, String... arguments) {
        CommandLine command = command();
        status(command).pause = pause;
        List<String> words = new ArrayList<>(List.of("--url", url(), "status"));
        words.addAll(List.of(arguments));
        return command.execute(words.toArray(String[]::new));
    }

    private static StatusCommand status(CommandLine command) {
        return Objects.requireNonNull(command.getSubcommands().get("status")).getCommand();
    }

    /** Goes on after the first pause only. */
    private static Predicate<Duration> twice() {
        List<Duration> pauses = new ArrayList<>();
        return length -> pauses.add(length) && pauses.size() < 2;
    }

    private static String table(String line) {
        return "queue        todo       doing   succeeded      failed   cancelled     aborted\n" + line + "\n";
    }

    private static String mail(int waiting) {
        return "mail            " + waiting + "           0           0           0           0           0";
    }

    /** A pipe whose reader has gone. */
    private static final class Closed extends Writer {

        @Override
        public void write(char[] text, int offset, int length) throws IOException {
            throw new IOException("Broken pipe");
        }

        @Override
        public void flush() throws IOException {
            throw new IOException("Broken pipe");
        }

        @Override
        public void close() {}
    }
}

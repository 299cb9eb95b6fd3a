package io.procrastinate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

class LogsTest extends CommandTest {

    private static final String CONFIGURATION = "logback.configurationFile";

    /** The build's own configuration, which the tests of the command remove. */
    private final @Nullable String ofTheBuild = System.getProperty(CONFIGURATION);

    @BeforeEach
    void withoutAConfiguration() {
        System.clearProperty(CONFIGURATION);
    }

    @AfterEach
    void withThatOfTheBuild() {
        if (ofTheBuild != null) {
            System.setProperty(CONFIGURATION, ofTheBuild);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "%  | %(levelname)s:%(name)s:%(message)s        | WARNING:a.b:the (message)",
                "%  | (%(message)s) 100%% [%(levelno)d]         | (the (message)) 100% [30]",
                "%  | %(levelname)-8s.%(levelname)8s.%(msecs)03d | WARNING . WARNING.045",
                "%  | %(levelname)sx %(name).1s                 | WARNINGx a",
                "%  | %(created)f %(created)d                   | 1.045000 1",
                "%  | %(module)s %(filename)s %(funcName)s      | Place Place.java method",
                "%  | %(lineno)d %(pathname)s %(threadName)s    | 7 Place.java main",
                "%  | %(nothing)s %d %msg                       | %(nothing)s %d %msg",
                "{  | {levelname} {message}                     | WARNING the (message)",
                "{  | {message},yay!                            | the (message),yay!",
                "{  | {levelname:<8}.{levelname:>8}.{levelname:8}. | WARNING . WARNING.WARNING .",
                "{  | {{{levelname}}} {msecs:03d} {nothing}     | {WARNING} 045 {nothing}",
                "$  | $levelname ${message}x {$name} $$         | WARNING the (message)x {a.b} $",
            })
    void theOriginalsLogFormatsAreUnderstood(String style, String format, String line) {
        LoggingEvent event = new LoggingEvent();
        event.setLevel(Level.WARN);
        event.setLoggerName("a.b");
        event.setMessage("the (message)");
        event.setThreadName("main");
        event.setInstant(Instant.ofEpochMilli(1045));
        event.setCallerData(new StackTraceElement[] {new StackTraceElement("a.Place", "method", "Place.java", 7)});

        assertThat(new LogFormat(format, style).doLayout(event)).isEqualTo(line + "\n");
    }

    @Test
    void aWorkerLogsAsTheOriginalDoes() {
        run("--app", APP, "schema");
        run("--app", APP, "defer", "speak");

        assertThat(logged("--app", APP, "worker", "--one-shot"))
                .contains(
                        "INFO:io.procrastinate.worker.Worker:Starting worker on all queues",
                        "INFO:io.procrastinate.worker.Worker:Starting job speak[1]()",
                        "INFO:com.acme.Speaker:spoken",
                        "INFO:io.procrastinate.worker.Worker:No job found. Stopping worker because wait=False",
                        "INFO:io.procrastinate.worker.Worker:Stopped worker on all queues")
                .doesNotContain("DEBUG:com.acme.Speaker:whispered");
        assertThat(((Logger) LoggerFactory.getLogger("com.zaxxer.hikari")).getEffectiveLevel())
                .isEqualTo(Level.WARN);
    }

    @Test
    void verboseTellsItsLevel() {
        run("--app", APP, "schema");

        assertThat(logged("--app", APP, "-v", "healthchecks"))
                .contains("DEBUG:io.procrastinate.cli.Logs:Log level set to DEBUG");
        assertThat(logged(
                        "--app",
                        APP,
                        "-v",
                        "--log-format",
                        "{message},yay!",
                        "--log-format-style",
                        "{",
                        "healthchecks"))
                .contains("Log level set to DEBUG,yay!");
    }

    @Test
    void theConfigurationOfTheApplicationStaysUnlessAFormatIsAskedFor() {
        run("--app", APP, "schema");
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        ListAppender<ILoggingEvent> ofTheApplication = new ListAppender<>();
        ofTheApplication.start();
        root.addAppender(ofTheApplication);
        System.setProperty(CONFIGURATION, "logback-of-the-application.xml");
        try {
            run("--app", APP, "worker", "--one-shot");
            assertThat(ofTheApplication.list)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .contains("Starting worker on all queues");

            assertThat(logged("--app", APP, "--log-format", "a %(message)s", "worker", "--one-shot"))
                    .contains("a Starting worker on all queues");
            assertThat(root.isAttached(ofTheApplication)).isFalse();
        } finally {
            System.clearProperty(CONFIGURATION);
        }
    }

    /** Runs the command, which must succeed, and returns the lines of its log. */
    private List<String> logged(String... arguments) {
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try {
            printed(arguments);
        } finally {
            System.setErr(before);
        }
        return new ArrayList<>(log.toString(StandardCharsets.UTF_8).lines().toList());
    }
}

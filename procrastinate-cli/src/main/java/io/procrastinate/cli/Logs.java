package io.procrastinate.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Logging of the command: to standard error, info unless asked for more, in the original's format. An application that
 * brings its own configuration, or another provider of SLF4J, keeps it unless a format is asked for.
 */
final class Logs {

    /** The logs of the connectors' libraries are of interest only if something is wrong. */
    private static final List<String> LIBRARIES = List.of(
            "com.zaxxer.hikari",
            "com.impossibl",
            "io.netty",
            "io.r2dbc",
            "io.vertx",
            "reactor",
            "org.apache.commons",
            "org.jline");

    private Logs() {}

    /** @throws IllegalArgumentException if there is no such style, or the format names no field in it */
    static void configure(int verbosity, @Nullable String format, String style) {
        LogFormat asked = new LogFormat(Objects.requireNonNullElse(format, ""), style);
        if (format != null && !asked.hasField()) {
            throw new IllegalArgumentException("The log format '" + format + "' names no field in the style " + style);
        }
        Level level = verbosity == 0 ? Level.INFO : Level.DEBUG;
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context && (format != null || !isConfigured())) {
            configure(context, format == null ? new LogFormat(LogFormat.STANDARD, "%") : asked, level);
        }
        LoggerFactory.getLogger(Logs.class)
                .atDebug()
                .addKeyValue("action", "set_log_level")
                .addKeyValue("value", level)
                .log("Log level set to {}", level);
    }

    /** Whether there is a configuration that Logback has found. */
    private static boolean isConfigured() {
        return System.getProperty("logback.configurationFile") != null
                || Stream.of("logback-test.xml", "logback.xml")
                        .anyMatch(name -> Logs.class.getClassLoader().getResource(name) != null);
    }

    private static void configure(LoggerContext context, LogFormat layout, Level level) {
        context.reset();
        layout.setContext(context);
        layout.start();
        LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
        encoder.setContext(context);
        encoder.setLayout(layout);
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(level);
        root.addAppender(appender);
        LIBRARIES.forEach(library -> context.getLogger(library).setLevel(Level.WARN));
        // The choice of the connector is of no interest to the user of a command.
        for (String chooses : List.of("io.procrastinate.connector", "io.procrastinate.adapter")) {
            context.getLogger(chooses).setLevel(level == Level.INFO ? Level.WARN : Level.DEBUG);
        }
    }
}

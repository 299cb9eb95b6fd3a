package io.procrastinate.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** Logging of the command: to standard error, info unless asked for more, in a format of the user's. */
final class Logs {

    /** The original's fields, and what they are here. */
    private static final Map<String, String> FIELDS = Map.of(
            "asctime", "%d",
            "levelname", "%-5level",
            "name", "%logger",
            "message", "%msg",
            "threadName", "%thread",
            "processName", "procrastinate",
            "funcName", "%method",
            "lineno", "%line");

    private static final Map<String, Pattern> STYLES = Map.of(
            "%", Pattern.compile("%\\((\\w+)\\)[sd]"),
            "{", Pattern.compile("\\{(\\w+)\\}"),
            "$", Pattern.compile("\\$\\{?(\\w+)\\}?"));

    private static final String STANDARD = "%d{HH:mm:ss.SSS} %-5level %logger{36} - %msg%n";

    private Logs() {}

    static void configure(int verbosity, @Nullable String format, String style) {
        String pattern = pattern(format == null ? "" : format, style);
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(format == null ? STANDARD : pattern);
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(appender);
        context.getLogger("io.procrastinate").setLevel(verbosity == 0 ? Level.INFO : Level.DEBUG);
        // Which connector was chosen is not what a command is asked for.
        context.getLogger("io.procrastinate.connector").setLevel(verbosity == 0 ? Level.WARN : Level.DEBUG);
    }

    /** The original's format as a pattern of Logback; a field that it does not know stays as it is written. */
    static String pattern(String format, String style) {
        Pattern fields = STYLES.get(style);
        if (fields == null) {
            throw new IllegalArgumentException("The style of the log format is '" + style + "', it must be %, { or $");
        }
        Matcher matcher = fields.matcher(format);
        StringBuilder pattern = new StringBuilder();
        while (matcher.find()) {
            String known = FIELDS.getOrDefault(matcher.group(1), matcher.group());
            matcher.appendReplacement(pattern, Matcher.quoteReplacement(known));
        }
        return matcher.appendTail(pattern).append("%n").toString();
    }
}

package io.procrastinate.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.IllegalFormatException;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The log format of the original: fields named by the attributes of Python's log records, in one of its three styles.
 * Everything else is copied unchanged.
 */
final class LogFormat extends LayoutBase<ILoggingEvent> {

    static final String STANDARD = "%(levelname)s:%(name)s:%(message)s";

    /**
     * In each style: group 1 is an escaped character; or group 2 is the name of a field, 3 its width and 4 its type.
     */
    private static final Map<String, Pattern> STYLES = Map.of(
            "%", Pattern.compile("%(?:(%)|\\((\\w+)\\)([-+ #0]*\\d*(?:\\.\\d+)?)([a-zA-Z]))"),
            "{", Pattern.compile("([{}])\\1|\\{(\\w+)(?::([<>^]?\\d*(?:\\.\\d+)?)([a-zA-Z]?))?\\}"),
            "$", Pattern.compile("\\$(?:(\\$)|\\{?(\\w+)(?:(?<=\\{\\w{1,99})\\})?()())"));

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss,SSS", Locale.ROOT).withZone(ZoneId.systemDefault());

    private final String format;
    private final String style;
    private final Pattern fields;

    /** @throws IllegalArgumentException if there is no such style */
    LogFormat(String format, String style) {
        Pattern known = STYLES.get(style);
        if (known == null) {
            throw new IllegalArgumentException("The style of the log format is '" + style + "', it must be %, { or $");
        }
        this.format = format;
        this.style = style;
        this.fields = known;
    }

    /** Whether it shows any field. */
    boolean hasField() {
        return fields.matcher(format).results().anyMatch(field -> field.group(1) == null);
    }

    @Override
    public String doLayout(ILoggingEvent event) {
        String line = fields.matcher(format).replaceAll(field -> Matcher.quoteReplacement(text(field, event))) + "\n";
        return event.getThrowableProxy() == null ? line : line + ThrowableProxyUtil.asString(event.getThrowableProxy());
    }

    private String text(MatchResult field, ILoggingEvent event) {
        if (field.group(1) != null) {
            return field.group(1);
        }
        Object value = value(field.group(2), event);
        if (value == null) {
            return field.group();
        }
        String width = Objects.requireNonNullElse(field.group(3), "");
        return sized(value, style.equals("{") ? aligned(width, value) : width, field.group(4));
    }

    /** The width with the flag for left alignment, which is the default for texts. */
    private static String aligned(String width, Object value) {
        String bare = width.replaceFirst("^[<>^]", "");
        boolean left = width.startsWith("<") || (width.equals(bare) && value instanceof String);
        return left && bare.matches("\\d.*") ? "-" + bare : bare;
    }

    private static String sized(Object value, String width, @Nullable String type) {
        String kind = Objects.requireNonNullElse(type, "");
        try {
            if (value instanceof Number number && kind.matches("[di]")) {
                return String.format(Locale.ROOT, "%" + width + "d", number.longValue());
            }
            if (value instanceof Number number && kind.matches("[efg]")) {
                return String.format(Locale.ROOT, "%" + width + kind, number.doubleValue());
            }
            return String.format(Locale.ROOT, "%" + width + "s", value);
        } catch (IllegalFormatException e) {
            return value.toString(); // a line without alignment is better than none
        }
    }

    /** The value of Python's attribute of this name, or null if there is none. */
    private static @Nullable Object value(String name, ILoggingEvent event) {
        return switch (name) {
            case "asctime" -> TIME.format(Instant.ofEpochMilli(event.getTimeStamp()));
            case "created" -> BigDecimal.valueOf(event.getTimeStamp(), 3);
            case "msecs" -> event.getTimeStamp() % 1000;
            case "relativeCreated" ->
                event.getTimeStamp() - event.getLoggerContextVO().getBirthTime();
            case "levelname" ->
                event.getLevel().equals(Level.WARN)
                        ? "WARNING"
                        : event.getLevel().toString();
            case "levelno" -> event.getLevel().toInt() / 1000;
            case "name" -> event.getLoggerName();
            case "message" -> event.getFormattedMessage();
            case "threadName" -> event.getThreadName();
            case "thread" -> Thread.currentThread().getId();
            case "process" -> ProcessHandle.current().pid();
            case "processName" -> "MainProcess";
            case "module", "filename", "pathname", "funcName", "lineno" -> place(name, event.getCallerData());
            default -> null;
        };
    }

    private static Object place(String name, StackTraceElement[] callers) {
        if (callers.length == 0) {
            return "?";
        }
        String file = Objects.requireNonNullElse(callers[0].getFileName(), "?");
        return switch (name) {
            case "funcName" -> callers[0].getMethodName();
            case "lineno" -> callers[0].getLineNumber();
            case "module" -> file.replaceFirst("\\.\\w+$", "");
            default -> file;
        };
    }
}

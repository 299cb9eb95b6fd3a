package io.procrastinate.text;

import io.procrastinate.annotation.Internal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes foreign text, such as names, arguments and exception messages from a database, safe to show in logs, on
 * terminals and in messages. Nothing in it can pass for a line of its own, control a terminal, or hide what follows:
 * line ends, control characters, Unicode's line and paragraph separators, its invisible formatting characters
 * (including those that change the direction of the text), half surrogate pairs and unassigned characters are shown as
 * {@code \n}, {@code \r}, {@code \t} or <code>&#92;u202e</code>. Everything else is left as it is.
 *
 * @hidden
 */
@Internal
public final class Printable {

    /**
     * How many characters of an exception's message a log line shows.
     *
     * @hidden
     */
    @Internal
    public static final int MOST_MESSAGE_CHARACTERS = 1000;

    /**
     * Marks where a text was cut.
     *
     * @hidden
     */
    @Internal
    public static final String CUT = "[...]";

    /** Causes may form a cycle. */
    private static final int MOST_CAUSES = 50;

    private static final List<Byte> UNPRINTABLE = List.of(
            Character.CONTROL,
            Character.FORMAT,
            Character.SURROGATE,
            Character.PRIVATE_USE,
            Character.UNASSIGNED,
            Character.LINE_SEPARATOR,
            Character.PARAGRAPH_SEPARATOR);

    private Printable() {}

    /** Shows a text on one line. */
    public static String text(String text) {
        for (int index = 0; index < text.length(); index++) {
            char character = text.charAt(index);
            if (character < ' ' || character > '~') {
                return escaped(text);
            }
        }
        return text;
    }

    /** Shows a text on one line, cut after a number of characters. */
    public static String text(String text, int most) {
        return text(cut(text, most));
    }

    /** Cuts a text after a number of characters. */
    public static String cut(String text, int most) {
        return text.length() <= most ? text : beginning(text, most) + CUT;
    }

    /** Shows a text of several lines: all but the first are indented, so that none passes for a line of its own. */
    public static String lines(String text) {
        return String.join(
                "\n  ",
                text.lines().map(Printable::text).map(String::stripTrailing).toList());
    }

    /** Shows a failure's class and message on one line. */
    public static String failure(Throwable failure) {
        String name = failure.getClass().getName();
        try {
            String message = failure.getLocalizedMessage();
            return message == null ? name : name + ": " + text(message, MOST_MESSAGE_CHARACTERS);
        } catch (RuntimeException | Error e) { // the exception's own code may throw anything
            return name + ", whose message cannot be read: " + e.getClass().getName();
        }
    }

    /**
     * Returns a failure that a log can show with its stack trace: the failure itself, or, if its own code or that of
     * its causes fails, a substitute with its class, its stack trace and, if that can be read, its message.
     */
    public static Throwable loggable(Throwable failure) {
        try {
            read(failure, MOST_CAUSES);
            return failure;
        } catch (RuntimeException | Error e) { // the exception's own code may throw anything
            return new Unreadable(failure, e);
        }
    }

    /** The messages of a failure and its causes, the innermost first, without repetitions. */
    public static List<String> messages(Throwable failure) {
        List<String> messages = new ArrayList<>();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = message(cause);
            if (messages.stream().noneMatch(outer -> outer.contains(message))) {
                messages.add(message);
            }
        }
        Collections.reverse(messages);
        return messages;
    }

    private static String message(Throwable failure) {
        return failure.getMessage() == null
                ? failure.getClass().getSimpleName()
                // Removes the location, for which the JSON parser has no source to show.
                : failure.getMessage().replaceFirst("(?s)\\s+at \\[Source: .*", "");
    }

    private static void read(@Nullable Throwable failure, int depth) {
        if (failure == null || depth == 0) {
            return;
        }
        String shown = failure.getMessage() + failure.getLocalizedMessage() + failure;
        if (shown.isEmpty() || failure.getStackTrace() == null) {
            throw new IllegalStateException("It shows nothing");
        }
        for (Throwable suppressed : failure.getSuppressed()) {
            read(suppressed, depth / 2);
        }
        read(failure.getCause(), depth - 1);
    }

    /** Whether a character is shown as itself. */
    public static boolean isPrintable(int codePoint) {
        return (codePoint >= ' ' && codePoint <= '~') || !UNPRINTABLE.contains((byte) Character.getType(codePoint));
    }

    /** The beginning of a text, up to a number of characters, never ending in half a surrogate pair. */
    public static String beginning(String text, int most) {
        boolean parts = most > 0 && most < text.length() && Character.isHighSurrogate(text.charAt(most - 1));
        return text.substring(0, parts ? most - 1 : most);
    }

    private static String escaped(String text) {
        StringBuilder shown = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(codePoint -> {
            if (isPrintable(codePoint)) {
                shown.appendCodePoint(codePoint);
            } else {
                for (char unit : Character.toChars(codePoint)) {
                    shown.append(escaped(unit));
                }
            }
        });
        return shown.toString();
    }

    private static String escaped(char unit) {
        return switch (unit) {
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default -> String.format("\\u%04x", (int) unit);
        };
    }

    /** Stands in for a failure that cannot be shown itself. */
    private static final class Unreadable extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Unreadable(Throwable failure, Throwable why) {
            super(failure(failure) + " (it cannot be shown whole: "
                    + why.getClass().getName() + ")");
            try {
                setStackTrace(failure.getStackTrace());
            } catch (RuntimeException | Error e) { // then this exception's own stack trace has to do
                addSuppressed(why);
            }
        }
    }
}

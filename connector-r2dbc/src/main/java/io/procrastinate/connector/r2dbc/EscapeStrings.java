package io.procrastinate.connector.r2dbc;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Writes the quotes within strings like {@code E'\''} as {@code ''}: the driver would take them for the end. */
final class EscapeStrings {

    /** What must be read as a whole: comments, dollar quotes, identifiers, plain strings, and strings with escapes. */
    private static final Pattern PARTS = Pattern.compile("--[^\\n]*+"
            + "|/\\*(?s:.*?)\\*/"
            + "|(?<![\\w$])(\\$(?:[A-Za-z_\\x80-\\x{10ffff}][\\w\\x80-\\x{10ffff}]*+)?\\$)(?s:.*?)\\1"
            + "|\"[^\"]*+\""
            + "|(?<![\\w$])[eE]'(?:[^'\\\\]|''|\\\\(?s:.))*+'"
            + "|'[^']*+'");

    private static final Pattern ESCAPE = Pattern.compile("\\\\(?s:.)");

    private EscapeStrings() {}

    /** Returns SQL of the same meaning, and the same text if no such quote occurs. */
    static String plain(String sql) {
        return sql.contains("\\'")
                ? PARTS.matcher(sql).replaceAll(part -> {
                    boolean escapes =
                            part.group().startsWith("E'") || part.group().startsWith("e'");
                    return Matcher.quoteReplacement(escapes ? doubled(part.group()) : part.group());
                })
                : sql;
    }

    private static String doubled(String string) {
        return ESCAPE.matcher(string)
                .replaceAll(escape -> Matcher.quoteReplacement(escape.group().equals("\\'") ? "''" : escape.group()));
    }
}

package io.procrastinate.connector;

/** Quotes names of schemas, channels and roles inside a statement, for which the server takes no parameter. */
public final class Identifiers {

    private Identifiers() {}

    /** Returns a name in double quotes, so that any text is that name and nothing else. */
    public static String quote(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }
}

package io.procrastinate.connector;

/** Names of schemas, channels and roles inside a statement, where the server takes no parameter. */
public final class Identifiers {

    private Identifiers() {}

    /** Returns a name in double quotes, so that any text is that name and nothing else. */
    public static String quote(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }
}

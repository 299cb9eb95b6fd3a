package io.procrastinate.connector.vertx;

/** Names in SQL. */
final class Identifiers {

    private Identifiers() {}

    /** The name as a quoted identifier, whatever it contains. */
    static String quote(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }
}

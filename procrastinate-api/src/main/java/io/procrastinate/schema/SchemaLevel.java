package io.procrastinate.schema;

/** The level of Procrastinate's schema in a database, named after the release that introduced it. */
public enum SchemaLevel {
    /** No schema of Procrastinate is found on the search path. */
    NONE("none"),
    /** Half a schema, or one of a release that this library does not know and cannot use. */
    UNKNOWN("unknown"),
    /** A level of before 3.0, which is too old to be used or migrated. */
    BEFORE_V3_0("older than 3.0"),
    /** 3.0: versioned names, notifications as JSON. */
    V3_0("3.0"),
    /** 3.1: workers and their heartbeats. */
    V3_1("3.1"),
    /** 3.2: batches. */
    V3_2("3.2"),
    /** 3.3: locks respect the priority. */
    V3_3("3.3"),
    /** 3.4: a failed job can be retried. The level of Procrastinate 3.4 to 3.9, and of this library. */
    V3_4("3.4");

    /** The level that this library creates and needs. */
    public static final SchemaLevel CURRENT = V3_4;

    private final String text;

    SchemaLevel(String text) {
        this.text = text;
    }

    /** The level, for people, such as {@code 3.4}. */
    public String text() {
        return text;
    }

    /** Whether this library works on a database of this level. */
    public boolean isSupported() {
        return this == CURRENT;
    }
}

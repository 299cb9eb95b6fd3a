package io.procrastinate.schema;

/** Which level of Procrastinate's schema a database has; the names are those of the releases that brought them. */
public enum SchemaLevel {
    /** No schema of Procrastinate is found on the search path. */
    NONE,
    /** A level of before 3.0, which is too old to be used. */
    BEFORE_V3_0,
    /** 3.0: versioned names, notifications as JSON. */
    V3_0,
    /** 3.1: workers and their heartbeats. */
    V3_1,
    /** 3.2: batches. */
    V3_2,
    /** 3.3: locks mind the priority. */
    V3_3,
    /** 3.4: a failed job can be retried. The level of Procrastinate 3.4 to 3.9, and of this library. */
    V3_4;

    /** The level that this library makes and needs. */
    public static final SchemaLevel CURRENT = V3_4;

    /** Whether this library works on a database of this level. */
    public boolean isSupported() {
        return this == CURRENT;
    }
}

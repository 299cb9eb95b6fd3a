package io.procrastinate.schema;

/** What a migration may leave out. */
public enum MigrateOption {
    /**
     * Keeps the functions that programs of releases before 3.2 call, so that they keep working until they are replaced.
     * A later migration without this option drops them.
     */
    KEEP_OLD_FUNCTIONS
}

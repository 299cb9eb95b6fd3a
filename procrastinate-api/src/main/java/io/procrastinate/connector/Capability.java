package io.procrastinate.connector;

/** What a connector may be able to do. All are present unless the connector's documentation says why one is absent. */
public enum Capability {
    /** Executes any SQL. A connector without it knows only the queries of this library, by name. */
    SQL,
    /** Delivers notifications of the database (LISTEN). Without it, workers poll. */
    LISTEN,
    /**
     * Opens a pool of its own from its settings. Without it, opening needs the application's pool. A connection whose
     * server turns out to be read-only is not used again: its session may stay read-only after the server has changed.
     */
    OWN_POOL,
    /**
     * Uses the application's pool when it is opened with one. A connection that was borrowed to listen is returned when
     * listening ends, and no longer listens then.
     */
    CALLER_POOL,
    /** Executes on a connection of the caller, inside the caller's transaction. */
    CALLER_CONNECTION,
    /**
     * Works without server-side prepared statements, as poolers require that hand out connections per transaction. A
     * connector without it refuses to open when {@link ConnectorSettings#preparedStatements()} is off.
     */
    UNPREPARED
}

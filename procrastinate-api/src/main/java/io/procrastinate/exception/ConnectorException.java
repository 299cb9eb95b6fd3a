package io.procrastinate.exception;

import org.jspecify.annotations.Nullable;

/**
 * The database or its driver refused or failed a statement. The driver's own exception, if any, is the
 * {@linkplain #getCause() cause}.
 */
public class ConnectorException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    private final @Nullable String sqlState;
    private final boolean isTransient;

    /**
     * @param message what was tried, what was found, what to do
     * @param sqlState the five-character SQLSTATE, or null if the failure has none (a lost connection, a full pool)
     * @param isTransient whether the same statement may succeed if it is tried again later
     * @param cause the driver's exception, or null if there is none
     */
    public ConnectorException(
            String message, @Nullable String sqlState, boolean isTransient, @Nullable Throwable cause) {
        super(message, cause);
        this.sqlState = sqlState;
        this.isTransient = isTransient;
    }

    /**
     * Returns the exception for a refusal by the connector itself: without an SQLSTATE or a cause, and not transient.
     *
     * @param message what was tried, what was found, what to do
     */
    public static ConnectorException refusal(String message) {
        return new ConnectorException(message, null, false, null);
    }

    /** The five-character SQLSTATE of the failure, or null if it has none. */
    public @Nullable String sqlState() {
        return sqlState;
    }

    /**
     * Whether the same statement may succeed if it is tried again later: the connection was lost, the server is
     * starting or stopping, the pool or the server is full, a deadlock was broken, the deadline passed, or the server
     * is read-only for now, as after a failover.
     */
    public boolean isTransient() {
        return isTransient;
    }
}

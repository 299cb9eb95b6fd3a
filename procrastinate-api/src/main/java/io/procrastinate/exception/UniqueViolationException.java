package io.procrastinate.exception;

import org.jspecify.annotations.Nullable;

/** A statement would have stored a second row where the database allows one (SQLSTATE 23505). */
public final class UniqueViolationException extends ConnectorException {

    private static final long serialVersionUID = 1L;

    private final @Nullable String constraint;

    /**
     * @param message what was tried and what the server answered
     * @param constraint the constraint or unique index that refused, or null where the driver does not tell
     * @param cause the driver's exception, or null where there is none
     */
    public UniqueViolationException(String message, @Nullable String constraint, @Nullable Throwable cause) {
        super(message, "23505", false, cause);
        this.constraint = constraint;
    }

    /** The name of the constraint or unique index that refused the row, or null where the driver does not tell. */
    public @Nullable String constraint() {
        return constraint;
    }
}

package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;
import org.jspecify.annotations.Nullable;

/** A statement would have stored a second row where the database allows one (SQLSTATE 23505). */
public final class UniqueViolationException extends ConnectorException {

    private static final long serialVersionUID = 1L;

    private final @Nullable String constraint;

    /**
     * @param message what was tried and the server's message
     * @param constraint the constraint or unique index that refused the row, or null if the driver does not report it
     * @param cause the driver's exception, or null if there is none
     * @hidden
     */
    @Internal
    public UniqueViolationException(String message, @Nullable String constraint, @Nullable Throwable cause) {
        super(message, "23505", false, cause);
        this.constraint = constraint;
    }

    /** The name of the constraint or unique index that refused the row, or null if the driver does not report it. */
    public @Nullable String constraint() {
        return constraint;
    }
}

package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;
import org.jspecify.annotations.Nullable;

/** The database's schema is missing, exists already, or is of a level that this version does not know. */
public final class SchemaException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what was tried, what was found, what to do
     * @param cause why, or null if the message says it all
     * @hidden
     */
    @Internal
    public SchemaException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;
import org.jspecify.annotations.Nullable;

/**
 * No connector could be chosen: none was found, the one that was named is unknown or ambiguous, or its provider failed.
 */
public final class ConnectorSelectionException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what was tried, what was found, what to do
     * @param cause why, or null if the message says it all
     * @hidden
     */
    @Internal
    public ConnectorSelectionException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

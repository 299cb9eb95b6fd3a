package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;
import org.jspecify.annotations.Nullable;

/**
 * The root of all exceptions thrown by this library. Its message says what was tried, what was found and what to do.
 */
public class ProcrastinateException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what was tried, what was found, what to do
     * @hidden
     */
    @Internal
    public ProcrastinateException(String message) {
        super(message);
    }

    /**
     * @param message what was tried, what was found, what to do
     * @param cause what led to it, or null
     * @hidden
     */
    @Internal
    public ProcrastinateException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

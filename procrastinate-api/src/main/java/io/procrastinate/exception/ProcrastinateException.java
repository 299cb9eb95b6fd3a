package io.procrastinate.exception;

import org.jspecify.annotations.Nullable;

/** The root of all exceptions thrown by this library. Its message says what was tried, what was found and what to do. */
public class ProcrastinateException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public ProcrastinateException(String message) {
        super(message);
    }

    public ProcrastinateException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

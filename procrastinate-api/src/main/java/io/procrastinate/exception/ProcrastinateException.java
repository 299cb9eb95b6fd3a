package io.procrastinate.exception;

/** The root of all exceptions thrown by this library. Its message says what was tried, what was found and what to do. */
public class ProcrastinateException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public ProcrastinateException(String message) {
        super(message);
    }

    public ProcrastinateException(String message, Throwable cause) {
        super(message, cause);
    }
}

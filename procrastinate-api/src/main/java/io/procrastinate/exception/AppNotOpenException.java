package io.procrastinate.exception;

/** A call needs the database, and the app or its connector has not been opened or is closed. */
public final class AppNotOpenException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /** @param message what was tried, what was found, what to do */
    public AppNotOpenException(String message) {
        super(message);
    }
}

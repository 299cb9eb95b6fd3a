package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;

/** A job, its arguments or its options cannot be stored as they are. Nothing was inserted. */
public final class InvalidJobException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what was tried, what was found, what to do
     * @hidden
     */
    @Internal
    public InvalidJobException(String message) {
        super(message);
    }

    /**
     * @param message what was tried, what was found, what to do
     * @param cause why
     * @hidden
     */
    @Internal
    public InvalidJobException(String message, Throwable cause) {
        super(message, cause);
    }
}

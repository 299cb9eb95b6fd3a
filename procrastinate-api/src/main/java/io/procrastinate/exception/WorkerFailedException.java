package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;

/** A worker ended because it cannot do its work; the {@linkplain #getCause() cause} says why. */
public final class WorkerFailedException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message which worker, and why
     * @param cause the failure that ended it
     * @hidden
     */
    @Internal
    public WorkerFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}

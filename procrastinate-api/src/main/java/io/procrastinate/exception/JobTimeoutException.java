package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;

/** A job ran longer than its task allows: it was asked to stop, and has failed. */
public final class JobTimeoutException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message the task and its limit
     * @param cause what the code threw when it was asked to stop
     * @hidden
     */
    @Internal
    public JobTimeoutException(String message, Throwable cause) {
        super(message, cause);
    }
}

package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;

/**
 * The arguments of a job do not fit its task: one is missing, has no parameter or the wrong type, or they are not
 * readable. A retry would not help: the job fails immediately, whatever its task's retry strategy says.
 */
public final class InvalidArgumentsException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what was tried, what was found, what to do
     * @param cause why
     * @hidden
     */
    @Internal
    public InvalidArgumentsException(String message, Throwable cause) {
        super(message, cause);
    }
}

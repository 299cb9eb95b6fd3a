package io.procrastinate.exception;

/**
 * The arguments of a job that is to run do not fit its task: one is missing, has no parameter, or is of another type, or they are not
 * readable. No retry heals that: the job fails at once, whatever its task's retry strategy says.
 */
public final class InvalidArgumentsException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what was tried, what was found, what to do
     * @param cause why
     */
    public InvalidArgumentsException(String message, Throwable cause) {
        super(message, cause);
    }
}

package io.procrastinate.exception;

/** A worker ended because it cannot do its work; the {@linkplain #getCause() cause} says why. */
public final class WorkerFailedException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message which worker, and why
     * @param cause the failure that ended it
     */
    public WorkerFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}

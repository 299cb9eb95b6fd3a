package io.procrastinate.exception;

/** A worker ended because it cannot do its work; the {@linkplain #getCause() cause} tells why. */
public final class WorkerFailedException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message which worker, and why
     * @param cause what it met
     */
    public WorkerFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}

package io.procrastinate.exception;

/** Thrown by a task that stopped because it was asked to: its job ends as aborted. */
public final class JobAbortedException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /** @param message why the task stopped */
    public JobAbortedException(String message) {
        super(message);
    }
}

package io.procrastinate.exception;

/** A task, an alias or a namespace would be registered a second time. */
public final class TaskAlreadyRegisteredException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /** @param message what was tried, what was found, what to do */
    public TaskAlreadyRegisteredException(String message) {
        super(message);
    }
}

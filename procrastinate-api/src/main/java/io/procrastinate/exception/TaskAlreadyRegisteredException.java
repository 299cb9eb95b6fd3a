package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;

/** A task, an alias or a namespace is already registered. */
public final class TaskAlreadyRegisteredException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what was tried, what was found, what to do
     * @hidden
     */
    @Internal
    public TaskAlreadyRegisteredException(String message) {
        super(message);
    }
}

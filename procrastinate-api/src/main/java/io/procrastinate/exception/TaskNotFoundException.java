package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;

/** No task is registered under the name that was asked for. */
public final class TaskNotFoundException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what was tried, what was found, what to do
     * @hidden
     */
    @Internal
    public TaskNotFoundException(String message) {
        super(message);
    }
}

package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;

/** A task of a blueprint was used before the blueprint was added to an app. */
public final class UnboundTaskException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what was tried, what was found, what to do
     * @hidden
     */
    @Internal
    public UnboundTaskException(String message) {
        super(message);
    }
}

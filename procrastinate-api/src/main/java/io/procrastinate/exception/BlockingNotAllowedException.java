package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;

/** A blocking call was made on a thread that must never block, such as an event loop. Nothing was sent. */
public final class BlockingNotAllowedException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what was tried, what was found, what to do
     * @hidden
     */
    @Internal
    public BlockingNotAllowedException(String message) {
        super(message);
    }
}

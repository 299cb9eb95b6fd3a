package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;

/** A statement that must find a row found none: usually no job has the id that was asked for. */
public final class NoResultException extends ConnectorException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what was looked for
     * @hidden
     */
    @Internal
    public NoResultException(String message) {
        super(message, null, false, null);
    }
}

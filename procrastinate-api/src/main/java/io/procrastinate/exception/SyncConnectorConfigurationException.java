package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;

/** An operation needs an asynchronous connector, but the app was given a synchronous one, which only defers. */
public final class SyncConnectorConfigurationException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what was tried, what was found, what to do
     * @hidden
     */
    @Internal
    public SyncConnectorConfigurationException(String message) {
        super(message);
    }
}

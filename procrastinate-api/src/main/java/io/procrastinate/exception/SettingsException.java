package io.procrastinate.exception;

import org.jspecify.annotations.Nullable;

/** The connection settings contradict each other or cannot be understood. Passwords are never part of the message. */
public final class SettingsException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what was tried, what was found, what to do
     * @param cause why, or null if the message says it all
     */
    public SettingsException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

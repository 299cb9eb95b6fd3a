package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;
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

    /**
     * Returns the exception for a library that is missing or present in another version.
     *
     * @param purpose what needs the library
     * @param library its group and artifact
     * @param cause what the class loader says
     * @hidden
     */
    @Internal
    public static SettingsException missingLibrary(String purpose, String library, LinkageError cause) {
        return new SettingsException(
                purpose + " needs the library " + library
                        + ", which is missing from the class path or has another version there: " + cause
                        + ". Add it to the build, in the version that procrastinate-api asks for.",
                cause);
    }
}

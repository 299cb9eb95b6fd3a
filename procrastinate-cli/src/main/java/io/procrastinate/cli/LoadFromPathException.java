package io.procrastinate.cli;

import io.procrastinate.exception.ProcrastinateException;
import org.jspecify.annotations.Nullable;

/** The named app could not be created. */
final class LoadFromPathException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    LoadFromPathException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

package io.procrastinate.cli;

import io.procrastinate.exception.ProcrastinateException;

/** A command needs an app but was given none. */
final class MissingAppException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    MissingAppException(String message) {
        super(message);
    }
}

package io.procrastinate.task;

import io.procrastinate.text.Printable;
import org.jspecify.annotations.Nullable;

/** Arguments do not fit a task. */
final class ArgumentMismatch extends RuntimeException {

    private static final long serialVersionUID = 1L;

    ArgumentMismatch(String reason) {
        super(reason);
    }

    /** A codec refuses a value; its message may contain the value. */
    ArgumentMismatch(String what, @Nullable String reason, IllegalArgumentException cause) {
        super(what + Printable.text(String.valueOf(reason), Printable.MOST_MESSAGE_CHARACTERS), cause);
    }
}

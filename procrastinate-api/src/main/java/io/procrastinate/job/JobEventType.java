package io.procrastinate.job;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What may happen to a job. */
public enum JobEventType {

    /** It was deferred. */
    DEFERRED,

    /** A time was set before which it does not run; the event's time is that one, which may be in the future. */
    SCHEDULED,

    /** A worker began to run it. */
    STARTED,

    /** Its run ended and it waits for another one. */
    DEFERRED_FOR_RETRY,

    /** Its run failed. */
    FAILED,

    /** Its run succeeded. */
    SUCCEEDED,

    /** It was taken back while it waited. */
    CANCELLED,

    /** It was asked to stop. */
    ABORT_REQUESTED,

    /** It stopped because it was asked to. */
    ABORTED,

    /** It had failed, and waits again. */
    RETRIED;

    /** The name that the database has for it. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** That of a name; none for one that a later release of Procrastinate may have. */
    static Optional<JobEventType> of(String text) {
        return Arrays.stream(values()).filter(type -> type.text().equals(text)).findAny();
    }
}

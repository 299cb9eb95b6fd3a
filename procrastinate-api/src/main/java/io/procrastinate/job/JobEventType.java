package io.procrastinate.job;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The type of an event. */
public enum JobEventType {

    /** It was deferred. */
    DEFERRED,

    /** It was scheduled: it does not run before the event's time, which may be in the future. */
    SCHEDULED,

    /** A worker began to run it. */
    STARTED,

    /** Its run ended and it waits for another one. */
    DEFERRED_FOR_RETRY,

    /** Its run failed. */
    FAILED,

    /** Its run succeeded. */
    SUCCEEDED,

    /** It was cancelled while it waited. */
    CANCELLED,

    /** It was asked to stop. */
    ABORT_REQUESTED,

    /** It stopped because it was asked to. */
    ABORTED,

    /** It had failed, and waits again. */
    RETRIED;

    /** Its name in the database. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The type of a name; empty if this release does not know it, as a type of a later release of Procrastinate. */
    static Optional<JobEventType> of(String text) {
        return Arrays.stream(values()).filter(type -> type.text().equals(text)).findAny();
    }
}

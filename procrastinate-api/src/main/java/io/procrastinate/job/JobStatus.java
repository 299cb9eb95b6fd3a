package io.procrastinate.job;

import java.util.Locale;

/** The status of a job. */
public enum JobStatus {
    /** Waiting to be fetched, now or when its schedule is due. */
    TODO,
    /** Fetched by a worker. */
    DOING,
    /** Ended successfully. */
    SUCCEEDED,
    /** Failed, and will not be tried again. */
    FAILED,
    /** Cancelled before a worker had fetched it. */
    CANCELLED,
    /**
     * Never written now; releases of Procrastinate before 3.0 used it for a running job whose abort had been requested.
     */
    ABORTING,
    /** Stopped while running, on request. */
    ABORTED,
    /** A status that this release does not know, written by a later one. */
    UNKNOWN;

    /** Whether a job of this status stays as it is unless someone changes it. */
    public boolean isFinal() {
        return this == SUCCEEDED || this == FAILED || this == CANCELLED || this == ABORTED;
    }

    /** The status of a text in the database. */
    public static JobStatus of(String text) {
        for (JobStatus status : values()) {
            if (status.text().equals(text)) {
                return status;
            }
        }
        return UNKNOWN;
    }

    /** The text in the database. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}

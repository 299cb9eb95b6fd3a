package io.procrastinate.job;

import java.util.Locale;

/** Where a job stands. */
public enum JobStatus {
    /** Waiting: to be fetched now, or when its schedule is due. */
    TODO,
    /** Fetched by a worker. */
    DOING,
    /** Ended well. */
    SUCCEEDED,
    /** Ended badly, and is not to be tried again. */
    FAILED,
    /** Taken back before a worker had fetched it. */
    CANCELLED,
    /** No longer written: releases of Procrastinate before 3.0 marked a running job so when its abort was requested. */
    ABORTING,
    /** Stopped while it was running, because that was requested. */
    ABORTED,
    /** A status that this release does not know, written by a later one. */
    UNKNOWN;

    /** Whether nothing happens to a job of this status by itself. */
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

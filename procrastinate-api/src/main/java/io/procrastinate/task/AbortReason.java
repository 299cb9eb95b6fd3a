package io.procrastinate.task;

/** Why a running job should stop. */
public enum AbortReason {
    /** Someone asked for it. */
    USER_REQUEST,
    /** The worker stops, and its graceful time-out has passed. */
    SHUTDOWN
}

package io.procrastinate.task;

/** Why a running job should stop. */
public enum AbortReason {
    /** A user asked for it. */
    USER_REQUEST,
    /** The run took longer than its task allows. */
    TIMEOUT,
    /** The worker is stopping, and its graceful time-out has passed. */
    SHUTDOWN
}

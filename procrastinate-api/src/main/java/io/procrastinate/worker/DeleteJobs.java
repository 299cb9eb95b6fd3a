package io.procrastinate.worker;

/** Which jobs a worker deletes from the database when they have ended, instead of keeping them. */
public enum DeleteJobs {
    /** All are kept. */
    NEVER,
    /** Successful ones are deleted. */
    SUCCESSFUL,
    /** All are deleted. A job that is to be retried has not ended and is kept. */
    ALWAYS
}

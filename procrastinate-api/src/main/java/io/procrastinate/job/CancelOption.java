package io.procrastinate.job;

/** What cancelling does in addition to cancelling a waiting job. */
public enum CancelOption {
    /** Also asks a running job to abort. */
    ABORT,
    /** Deletes a waiting job's row instead of keeping it as cancelled; never deletes a running job. */
    DELETE
}

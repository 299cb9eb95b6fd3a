package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;

/**
 * Deferring many jobs stopped before all were deferred. The {@linkplain #getCause() cause} is the database's refusal, a
 * lost connection, or an exception of the source of the jobs or of the progress listener.
 */
public final class BulkDeferException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    private final long deferred;
    private final int failed;
    private final boolean inDoubt;

    /**
     * @param deferred how many jobs were deferred before
     * @param failed how many jobs the failed statement had
     * @param inDoubt whether those jobs may be stored nevertheless
     * @param cause why it stopped
     * @hidden
     */
    @Internal
    public BulkDeferException(long deferred, int failed, boolean inDoubt, Throwable cause) {
        super(message(deferred, failed, inDoubt, cause), cause);
        this.deferred = deferred;
        this.failed = failed;
        this.inDoubt = inDoubt;
    }

    private static String message(long deferred, int failed, boolean inDoubt, Throwable cause) {
        String chunk = failed == 0
                ? "No more were sent"
                : "The next " + failed
                        + (inDoubt ? " may be deferred or not" : " are not deferred, nor any after them");
        return "Deferring ended after " + deferred + " jobs, which are deferred. " + chunk + ": " + cause.getMessage();
    }

    /**
     * How many jobs are certainly deferred: the first ones of the source, in its order. In a transaction of the caller
     * they exist once it commits.
     */
    public long deferred() {
        return deferred;
    }

    /** How many jobs, the next ones of the source, were in the statement that failed; 0 if no statement was running. */
    public int failed() {
        return failed;
    }

    /**
     * Whether the jobs that {@link #failed()} counts may all be stored nevertheless, because the database's answer did
     * not arrive.
     */
    public boolean inDoubt() {
        return inDoubt;
    }
}

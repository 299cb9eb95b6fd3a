package io.procrastinate.exception;

/**
 * A deferral of very many jobs ended before its end. What was wrong is the {@linkplain #getCause() cause}: the database's refusal, a
 * lost connection, or what the source of the jobs or the listener of the progress threw.
 */
public class BulkDeferException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    private final long deferred;
    private final int failed;
    private final boolean inDoubt;

    /**
     * @param deferred how many jobs were deferred before
     * @param failed how many jobs the chunk has that failed
     * @param inDoubt whether that chunk may be stored nevertheless
     * @param cause why it ended
     */
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
     * How many jobs are deferred for certain: the first ones of the source, in its order. In a transaction of the caller they are
     * there when it commits.
     */
    public long deferred() {
        return deferred;
    }

    /** How many jobs, the next ones of the source, were in the statement that failed; 0 where none was under way. */
    public int failed() {
        return failed;
    }

    /** Whether those that {@link #failed()} counts may be stored nevertheless, all of them: the answer did not arrive. */
    public boolean inDoubt() {
        return inDoubt;
    }
}

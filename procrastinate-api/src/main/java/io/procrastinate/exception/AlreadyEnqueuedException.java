package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;
import io.procrastinate.text.Printable;
import org.jspecify.annotations.Nullable;

/** A job was not deferred because another one is waiting with the same queueing lock. Nothing was inserted. */
public final class AlreadyEnqueuedException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    private final @Nullable String queueingLock;
    private final @Nullable Long waitingJobId;

    /**
     * @param queueingLock the queueing lock that is taken, or null if it is one of several in a batch
     * @param waitingJobId the id of the job that holds it, or null if it is not known
     * @param cause the unique violation, or null if the conflict was seen before it could become one
     * @hidden
     */
    @Internal
    public AlreadyEnqueuedException(
            @Nullable String queueingLock, @Nullable Long waitingJobId, @Nullable Throwable cause) {
        super(message(queueingLock), cause);
        this.queueingLock = queueingLock;
        this.waitingJobId = waitingJobId;
    }

    private AlreadyEnqueuedException(String message, @Nullable Throwable cause) {
        super(message, cause);
        this.queueingLock = null;
        this.waitingJobId = null;
    }

    /**
     * Returns the exception for a job that cannot wait again because another one waits with its queueing lock.
     *
     * @param cause why it should wait again, or the database's failure; null if there is neither
     * @hidden
     */
    @Internal
    public static AlreadyEnqueuedException onRetry(long jobId, @Nullable Throwable cause) {
        return new AlreadyEnqueuedException(
                "Job " + jobId
                        + " cannot be retried: another job waits with its queueing lock. Cancel that one first, or"
                        + " leave the work to it.",
                cause);
    }

    private static String message(@Nullable String queueingLock) {
        return queueingLock == null
                ? "The batch was not deferred: one of its queueing locks is taken by a waiting job, or occurs twice"
                        + " in the batch. Nothing was inserted."
                : "Job cannot be enqueued: there is already a job in the queue with the queueing lock "
                        + Printable.text(queueingLock, 200);
    }

    /** The queueing lock that is taken, or null if it is one of several in a batch. */
    public @Nullable String queueingLock() {
        return queueingLock;
    }

    /** The id of the waiting job that holds the queueing lock, or null if it is not known. */
    public @Nullable Long waitingJobId() {
        return waitingJobId;
    }
}

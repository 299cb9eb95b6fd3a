package io.procrastinate.retry;

import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.job.RetryDecision;

/** Thrown by a task to request another run of its job, whatever its retry strategy would decide. */
public final class JobRetryException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    private final transient RetryDecision decision;

    /**
     * @param message why the job should run again
     * @param decision when, and with which changes
     */
    public JobRetryException(String message, RetryDecision decision) {
        super(message);
        this.decision = decision;
    }

    /** When the job should run again, and with which changes. */
    public RetryDecision decision() {
        return decision;
    }
}

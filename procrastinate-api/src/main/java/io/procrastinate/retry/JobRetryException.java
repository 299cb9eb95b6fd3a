package io.procrastinate.retry;

import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.job.RetryDecision;

/** Thrown by a task to ask for another run of its job, whatever its retry strategy would say. */
public final class JobRetryException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    private final transient RetryDecision decision;

    /**
     * @param message why the job is to run again
     * @param decision when, and with what anew
     */
    public JobRetryException(String message, RetryDecision decision) {
        super(message);
        this.decision = decision;
    }

    /** When the job is to run again, and with what anew. */
    public RetryDecision decision() {
        return decision;
    }
}

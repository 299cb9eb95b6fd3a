package io.procrastinate.exception;

import io.procrastinate.annotation.Internal;

/**
 * Why a job is rescued: its worker has sent no heartbeat for too long, and its run counts as dead. Retry strategies see
 * this as the failure.
 */
public final class JobStalledException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message the job and its worker
     * @hidden
     */
    @Internal
    public JobStalledException(String message) {
        super(message);
    }
}

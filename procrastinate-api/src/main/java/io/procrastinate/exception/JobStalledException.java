package io.procrastinate.exception;

/**
 * Why a job is rescued: its worker has not been heard of, and its run is taken for dead. Retry strategies see it as the
 * failure.
 */
public final class JobStalledException extends ProcrastinateException {

    private static final long serialVersionUID = 1L;

    /** @param message which job, and of which worker */
    public JobStalledException(String message) {
        super(message);
    }
}

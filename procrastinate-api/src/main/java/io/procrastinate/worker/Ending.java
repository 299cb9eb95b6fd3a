package io.procrastinate.worker;

import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.RetryDecision;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a run ended, to be stored.
 *
 * @param run the run
 * @param outcome how it ended
 * @param value what the code returned, or null
 * @param failure what the code threw, or null
 * @param decision how to retry, if that is the outcome
 * @param delete whether to delete the job's row
 * @param duration how long the run took
 * @param error what to store of the failure, or null for nothing
 * @param stored what to store of the value, as JSON, or null for nothing
 */
record Ending(
        RunningJob run,
        JobResult.Outcome outcome,
        @Nullable Object value,
        @Nullable Throwable failure,
        @Nullable RetryDecision decision,
        boolean delete,
        Duration duration,
        @Nullable String error,
        @Nullable String stored) {

    JobStatus finalStatus() {
        return switch (outcome) {
            case SUCCEEDED -> JobStatus.SUCCEEDED;
            case ABORTED -> JobStatus.ABORTED;
            case FAILED -> JobStatus.FAILED;
            case RETRIED, GIVEN_BACK -> JobStatus.TODO;
            case LOST -> throw new IllegalStateException("Nothing is stored for a lost job");
        };
    }

    RetryDecision requireDecision() {
        if (decision == null) {
            throw new IllegalStateException(
                    "No retry was decided for job " + run.job().id());
        }
        return decision;
    }

    /** Whether nothing ran: the job was given back from the local queue. */
    boolean neverBegan() {
        return outcome == JobResult.Outcome.GIVEN_BACK && !run.hasBegun();
    }

    /** Returns a copy with another outcome than was asked for. */
    Ending as(JobResult.Outcome other) {
        return new Ending(run, other, value, failure, null, delete, duration, error, stored);
    }

    /** Returns a copy that failed because a waiting job has the queueing lock with which this one should wait again. */
    Ending conflicting() {
        AlreadyEnqueuedException conflict =
                AlreadyEnqueuedException.onRetry(run.job().id(), failure);
        return new Ending(run, JobResult.Outcome.FAILED, value, conflict, null, delete, duration, error, stored);
    }

    /** Returns a copy that keeps the job's row. */
    Ending kept() {
        return new Ending(run, outcome, value, failure, decision, false, duration, error, stored);
    }

    JobResult result() {
        return new JobResult(run.job(), outcome, value, failure, duration);
    }
}

package io.procrastinate.worker;

import io.procrastinate.job.Job;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How one run of a job ended, as it was stored.
 */
public final class JobResult {

    private final Values values;

    JobResult(Job job, Outcome outcome, @Nullable Object value, @Nullable Throwable failure, Duration duration) {
        this.values = new Values(job, outcome, value, failure, duration);
    }

    /** How a run ends. */
    public enum Outcome {
        /** The code returned. */
        SUCCEEDED("Success"),
        /** The code failed, and the job is not tried again. */
        FAILED("Error"),
        /** The code failed, and the job waits to be tried again. */
        RETRIED("Error, to retry"),
        /** The code stopped because that was requested. */
        ABORTED("Aborted"),
        /** The worker stopped first; the job waits for another worker, and the run does not count. */
        GIVEN_BACK("Given back"),
        /**
         * The database had taken the job away from this worker: nothing was stored, other workers decide about the job.
         */
        LOST("Lost");

        private final String text;

        Outcome(String text) {
            this.text = text;
        }

        /** The outcome for people to read, in Procrastinate's words if it has any. */
        public String text() {
            return text;
        }
    }

    /** The job as it was fetched: {@link Job#attempts()} counts the runs before this one. */
    public Job job() {
        return values.job;
    }

    /** How the run ended. */
    public Outcome outcome() {
        return values.outcome;
    }

    /** What the code returned, or null. */
    public @Nullable Object value() {
        return values.value;
    }

    /** What the code threw, or null if it threw nothing. */
    public @Nullable Throwable failure() {
        return values.failure;
    }

    /** How long the run took. */
    public Duration duration() {
        return values.duration;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof JobResult that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return values.toString().replaceFirst("Values", "JobResult");
    }

    /** Not public, so that another component breaks no caller. */
    private record Values(
            Job job,
            Outcome outcome,
            @Nullable Object value,
            @Nullable Throwable failure,
            Duration duration) {}
}

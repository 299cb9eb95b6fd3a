package io.procrastinate.worker;

import io.procrastinate.job.Job;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How one run of a job ended, as it was stored.
 *
 * @param job the job as it was fetched: {@link Job#attempts()} counts the runs before this one
 * @param outcome how the run ended
 * @param value what the code returned, or null
 * @param failure what the code threw, or null where it threw nothing
 * @param duration how long the run took
 */
public record JobResult(
        Job job,
        Outcome outcome,
        @Nullable Object value,
        @Nullable Throwable failure,
        Duration duration) {

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
        /** The worker stopped first; the job waits for another one, and the run does not count. */
        GIVEN_BACK("Given back"),
        /** The database had taken the job away from this worker: nothing was stored, the job's fate is decided elsewhere. */
        LOST("Lost");

        private final String text;

        Outcome(String text) {
            this.text = text;
        }

        /** The outcome for people, in Procrastinate's words where it has some. */
        public String text() {
            return text;
        }
    }
}

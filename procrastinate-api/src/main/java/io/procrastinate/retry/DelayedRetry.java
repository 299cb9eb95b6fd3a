package io.procrastinate.retry;

import io.procrastinate.exception.JobStalledException;
import io.procrastinate.job.Job;
import io.procrastinate.job.RetryDecision;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@link RetryStrategy.Builder} builds. */
record DelayedRetry(
        @Nullable Integer times,
        Duration constant,
        Duration linear,
        Duration exponential,
        List<Class<? extends Throwable>> failures)
        implements RetryStrategy {

    /** Longer than any possible delay; it is clamped to the longest one when it is stored. */
    private static final double MOST_SECONDS = Duration.ofDays(3_652_059).toSeconds();

    @Override
    public @Nullable RetryDecision decide(Throwable failure, Job job) {
        if (times != null && job.attempts() >= times) {
            return null;
        }
        // The code did not fail, its worker died: no configured class could match.
        boolean stalled = failure instanceof JobStalledException;
        if (!stalled && !failures.isEmpty() && failures.stream().noneMatch(type -> type.isInstance(failure))) {
            return null;
        }
        return RetryDecision.in(delay(job.attempts()));
    }

    private Duration delay(int attempts) {
        double seconds = seconds(constant) + seconds(linear) * attempts;
        if (!exponential.isZero()) {
            seconds += Math.pow(seconds(exponential), attempts + 1);
        }
        double clamped = Math.min(seconds, MOST_SECONDS);
        return Duration.ofNanos((long) (clamped % 1 * 1e9)).plusSeconds((long) clamped);
    }

    private static double seconds(Duration duration) {
        return duration.getSeconds() + duration.getNano() / 1e9;
    }
}

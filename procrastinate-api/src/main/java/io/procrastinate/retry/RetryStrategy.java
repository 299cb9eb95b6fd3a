package io.procrastinate.retry;

import io.procrastinate.job.Job;
import io.procrastinate.job.RetryDecision;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Decides whether a job that failed runs again. A custom strategy can be a lambda. Strategies must be thread-safe. */
@FunctionalInterface
public interface RetryStrategy {

    /**
     * Decides for one failure.
     *
     * @param failure what the job's code threw
     * @param job the job as it was fetched: {@link Job#attempts()} counts the runs before this one, 0 at the first
     *     failure
     * @return how to retry, or null to fail the job
     */
    @Nullable
    RetryDecision decide(Throwable failure, Job job);

    /** Never retries. */
    static RetryStrategy never() {
        return (failure, job) -> null;
    }

    /** Retries without limit, immediately each time. */
    static RetryStrategy forever() {
        return (failure, job) -> RetryDecision.now();
    }

    /**
     * Retries immediately, up to a number of times after the first run.
     *
     * @param most at least 1
     */
    static RetryStrategy times(int most) {
        return builder().times(most).build();
    }

    /** Starts a strategy with delays. */
    static Builder builder() {
        return new Builder();
    }

    /**
     * A strategy with delays: {@code wait + linearWait * n + exponentialWait ^ (n + 1)} seconds, with n the runs before
     * the one that failed, so 0 at the first failure. Not thread-safe.
     */
    final class Builder {

        private @Nullable Integer times;
        private Duration wait = Duration.ZERO;
        private Duration linearWait = Duration.ZERO;
        private Duration exponentialWait = Duration.ZERO;
        private List<Class<? extends Throwable>> failures = List.of();

        private Builder() {}

        /** Sets how often a job is retried at most, at least 1; unlimited unless set. */
        public Builder times(int most) {
            if (most < 1) {
                throw new IllegalArgumentException(
                        "The number of retries is " + most + ", it must be at least 1 (never() is for none)");
            }
            this.times = most;
            return this;
        }

        /** Sets a constant wait before every further run. */
        public Builder wait(Duration delay) {
            this.wait = requireNotNegative(delay);
            return this;
        }

        /** Sets by how much the wait grows with every further run. */
        public Builder linearWait(Duration step) {
            this.linearWait = requireNotNegative(step);
            return this;
        }

        /** Sets the base, in seconds, of an exponential wait: before run n + 2, the base to the power of n + 1. */
        public Builder exponentialWait(Duration base) {
            this.exponentialWait = requireNotNegative(base);
            return this;
        }

        /** Sets the classes of failures after which to retry; any unless set. */
        public Builder on(Collection<Class<? extends Throwable>> classes) {
            this.failures = List.copyOf(classes);
            return this;
        }

        /** Completes the strategy. */
        public RetryStrategy build() {
            return new DelayedRetry(times, wait, linearWait, exponentialWait, failures);
        }

        private static Duration requireNotNegative(Duration delay) {
            if (delay.isNegative()) {
                throw new IllegalArgumentException("The delay before a retry must not be negative, it is " + delay);
            }
            return delay;
        }
    }
}

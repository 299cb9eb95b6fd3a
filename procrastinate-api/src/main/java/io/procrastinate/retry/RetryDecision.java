package io.procrastinate.retry;

import io.procrastinate.job.NewJob;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * That a job runs again, and what it gets anew. What is null stays as it was.
 *
 * @param at not before this instant, in the years 1 to 9999; only one of {@code at} and {@code in}; both null for at once
 * @param in not before so much time has passed on the database's clock
 * @param priority the new priority
 * @param queue the new queue
 * @param lock the new lock; a lock cannot be taken away
 */
public record RetryDecision(
        @Nullable Instant at,
        @Nullable Duration in,
        @Nullable Integer priority,
        @Nullable String queue,
        @Nullable String lock) {

    /**
     * Checks the values.
     *
     * @throws io.procrastinate.exception.InvalidJobException when the instant, the queue or the lock cannot be stored
     * @throws IllegalArgumentException when both {@code at} and {@code in} are given
     */
    public RetryDecision {
        if (at != null && in != null) {
            throw new IllegalArgumentException("Cannot set both at and in");
        }
        if (at != null) {
            NewJob.requireInstant(at);
        }
        if (queue != null) {
            NewJob.requireQueue(queue);
        }
        NewJob.requireText("lock", lock);
    }

    /** At once. */
    public static RetryDecision now() {
        return new RetryDecision(null, null, null, null, null);
    }

    /** After a while. */
    public static RetryDecision in(Duration delay) {
        return new RetryDecision(null, delay, null, null, null);
    }

    /** Not before an instant. */
    public static RetryDecision at(Instant instant) {
        return new RetryDecision(instant, null, null, null, null);
    }

    /** The same with a new priority. */
    public RetryDecision priority(int value) {
        return new RetryDecision(at, in, value, queue, lock);
    }

    /** The same in another queue. */
    public RetryDecision queue(String name) {
        return new RetryDecision(at, in, priority, name, lock);
    }

    /** The same with another lock. */
    public RetryDecision lock(String name) {
        return new RetryDecision(at, in, priority, queue, name);
    }
}

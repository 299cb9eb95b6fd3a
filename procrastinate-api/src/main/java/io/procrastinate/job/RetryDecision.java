package io.procrastinate.job;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A decision to run a job again, and what to change for the next run. Values that are null stay unchanged. Immutable.
 *
 * <p>An instant, a queue or a lock that cannot be stored is refused with
 * {@link io.procrastinate.exception.InvalidJobException}.
 */
public final class RetryDecision {

    private final Values values;

    private RetryDecision(Values values) {
        this.values = values;
    }

    /** Retries immediately. */
    public static RetryDecision now() {
        return new RetryDecision(new Values(null, null, null, null, null));
    }

    /** Retries when a time has passed on the database's clock; a negative delay means immediately. */
    public static RetryDecision in(Duration delay) {
        return new RetryDecision(new Values(null, delay, null, null, null));
    }

    /** Retries at an instant, not before; in the years 1 to 9999. */
    public static RetryDecision at(Instant instant) {
        return new RetryDecision(new Values(instant, null, null, null, null));
    }

    /** Returns a copy with a new priority. */
    public RetryDecision priority(int value) {
        return new RetryDecision(new Values(values.at, values.in, value, values.queue, values.lock));
    }

    /** Returns a copy with another queue. */
    public RetryDecision queue(String name) {
        return new RetryDecision(new Values(values.at, values.in, values.priority, name, values.lock));
    }

    /** Returns a copy with another lock; a lock cannot be removed. */
    public RetryDecision lock(String name) {
        return new RetryDecision(new Values(values.at, values.in, values.priority, values.queue, name));
    }

    /** The instant before which not to retry; null for immediately, or if {@link #in()} is set. */
    public @Nullable Instant at() {
        return values.at;
    }

    /**
     * The time that must pass on the database's clock before the retry; null for immediately, or if {@link #at()} is
     * set.
     */
    public @Nullable Duration in() {
        return values.in;
    }

    /** The new priority. */
    public @Nullable Integer priority() {
        return values.priority;
    }

    /** The new queue. */
    public @Nullable String queue() {
        return values.queue;
    }

    /** The new lock. */
    public @Nullable String lock() {
        return values.lock;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof RetryDecision that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return values.toString().replaceFirst("Values", "RetryDecision");
    }

    /** Not public, so that another component breaks no caller. */
    private record Values(
            @Nullable Instant at,
            @Nullable Duration in,
            @Nullable Integer priority,
            @Nullable String queue,
            @Nullable String lock) {

        Values {
            if (at != null) {
                NewJob.requireInstant(at);
            }
            if (queue != null) {
                NewJob.requireQueue(queue);
            }
            NewJob.requireText("lock", lock);
        }
    }
}

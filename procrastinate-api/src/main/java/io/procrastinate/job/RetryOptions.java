package io.procrastinate.job;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a job that is retried by hand gets anew. What is null stays as it was.
 *
 * @param at not before this instant, in the years 1 to 9999; null for at once
 * @param priority the new priority
 * @param queue the new queue
 * @param lock the new lock; a lock cannot be taken away
 */
public record RetryOptions(
        @Nullable Instant at,
        @Nullable Integer priority,
        @Nullable String queue,
        @Nullable String lock) {

    /** At once, with everything as it was. */
    public static final RetryOptions NOW = new RetryOptions(null, null, null, null);

    /**
     * Checks the values.
     *
     * @throws io.procrastinate.exception.InvalidJobException when the instant, the queue or the lock cannot be stored
     */
    public RetryOptions {
        if (at != null) {
            NewJob.requireInstant(at);
        }
        if (queue != null) {
            NewJob.requireQueue(queue);
        }
        NewJob.requireText("lock", lock);
    }
}

package io.procrastinate.task;

import io.procrastinate.job.NewJob;
import io.procrastinate.retry.RetryStrategy;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The defaults of a task's jobs.
 *
 * @param aliases further names that jobs of the task may have in the database
 * @param queue the queue
 * @param priority the priority
 * @param lock the lock, or null for none
 * @param queueingLock the queueing lock, or null for none
 * @param retryStrategy when a failed job runs again
 * @param periodics the schedules on which workers defer its jobs
 * @param middleware the middleware around its code, the outermost first
 * @param timeout how long a run may take, or null for no limit
 * @param storesResult whether what its code returns is stored in the job's row
 */
record TaskOptions(
        List<String> aliases,
        String queue,
        int priority,
        @Nullable String lock,
        @Nullable String queueingLock,
        RetryStrategy retryStrategy,
        List<Periodic> periodics,
        List<Middleware> middleware,
        @Nullable Duration timeout,
        boolean storesResult) {

    TaskOptions {
        aliases = List.copyOf(aliases);
        periodics = List.copyOf(periodics);
        middleware = List.copyOf(middleware);
        NewJob.requireQueue(queue);
        NewJob.requireText("lock", lock);
        NewJob.requireText("queueing lock", queueingLock);
    }
}

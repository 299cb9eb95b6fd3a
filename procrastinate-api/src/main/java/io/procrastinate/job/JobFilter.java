package io.procrastinate.job;

import io.procrastinate.driver.Durations;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Which jobs to list: those that have every value that is not null, in the order of their ids.
 *
 * @param id the job's id
 * @param queue the queue's name
 * @param taskName the task's name
 * @param status where the job stands
 * @param lock the lock
 * @param queueingLock the queueing lock
 * @param workerId the worker that fetched the job last
 * @param stalledFor only running jobs whose worker was not heard of for so long, or is gone; not negative,
 *     and 100 years where it is longer. Workers send a heartbeat
 *     every 10 seconds unless told otherwise
 * @param afterId only jobs with a greater id, to read page after page; 0 for all
 * @param limit at most so many, at least 1
 */
public record JobFilter(
        @Nullable Long id,
        @Nullable String queue,
        @Nullable String taskName,
        @Nullable JobStatus status,
        @Nullable String lock,
        @Nullable String queueingLock,
        @Nullable Long workerId,
        @Nullable Duration stalledFor,
        long afterId,
        int limit) {

    /** All jobs, without a limit. */
    public static final JobFilter ALL =
            new JobFilter(null, null, null, null, null, null, null, null, 0, Integer.MAX_VALUE);

    /** Checks the limit and the time. */
    public JobFilter {
        if (stalledFor != null) {
            stalledFor = Durations.notNegative("time without a heartbeat", stalledFor);
        }
        if (limit < 1) {
            throw new IllegalArgumentException("The limit is " + limit + ", it must be at least 1");
        }
    }

    /** The same for the jobs of one queue. */
    public JobFilter queue(String name) {
        return new JobFilter(id, name, taskName, status, lock, queueingLock, workerId, stalledFor, afterId, limit);
    }

    /** The same for the jobs of one task. */
    public JobFilter taskName(String name) {
        return new JobFilter(id, queue, name, status, lock, queueingLock, workerId, stalledFor, afterId, limit);
    }

    /** The same for the jobs of one status. */
    public JobFilter status(JobStatus wanted) {
        return new JobFilter(id, queue, taskName, wanted, lock, queueingLock, workerId, stalledFor, afterId, limit);
    }

    /** The same for the job of one id. */
    public JobFilter id(long wanted) {
        return new JobFilter(wanted, queue, taskName, status, lock, queueingLock, workerId, stalledFor, afterId, limit);
    }

    /** The same for the jobs of one lock. */
    public JobFilter lock(String wanted) {
        return new JobFilter(id, queue, taskName, status, wanted, queueingLock, workerId, stalledFor, afterId, limit);
    }

    /** The same for the jobs of one queueing lock. */
    public JobFilter queueingLock(String wanted) {
        return new JobFilter(id, queue, taskName, status, lock, wanted, workerId, stalledFor, afterId, limit);
    }

    /** The same for the jobs that one worker fetched last. */
    public JobFilter workerId(long wanted) {
        return new JobFilter(id, queue, taskName, status, lock, queueingLock, wanted, stalledFor, afterId, limit);
    }

    /**
     * The same for running jobs whose worker was not heard of for so long, by the database's clock, or is gone: workers rescue
     * them by themselves unless told otherwise.
     */
    public JobFilter stalledFor(Duration withoutHeartbeat) {
        return new JobFilter(
                id, queue, taskName, status, lock, queueingLock, workerId, withoutHeartbeat, afterId, limit);
    }

    /** The page after a job, of at most so many jobs. */
    public JobFilter page(long after, int size) {
        return new JobFilter(id, queue, taskName, status, lock, queueingLock, workerId, stalledFor, after, size);
    }
}

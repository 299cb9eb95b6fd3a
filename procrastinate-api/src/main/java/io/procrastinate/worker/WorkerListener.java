package io.procrastinate.worker;

import io.procrastinate.job.Job;
import io.procrastinate.task.JobContext;
import io.procrastinate.task.Periodic;
import io.procrastinate.task.Task;
import java.time.Instant;
import java.util.List;

/**
 * Notified of what a worker does, for meters, traces and logs. Called on threads of the worker, which wait for it: it
 * must be quick, and thread-safe. An exception is logged and changes nothing. Each method does nothing unless it is
 * implemented; {@code worker} is the worker's name.
 *
 * @see WorkerOptions.Builder#listener
 */
public interface WorkerListener {

    /**
     * Jobs were fetched.
     *
     * @param jobs how many, at least one
     */
    default void jobsFetched(String worker, int jobs) {}

    /** A run begins, on its thread, before any middleware. */
    default void jobStarted(JobContext context) {}

    /**
     * The result of a run is stored, or lost. Not called for a job that was given back before its run began, nor if the
     * worker ends before the database has stored the result.
     */
    default void jobEnded(JobContext context, JobResult result) {}

    /**
     * The job of a schedule is deferred.
     *
     * @param time the time of the schedule that it is for
     */
    default void periodicDeferred(String worker, Task<?> task, Periodic periodic, Instant time, long jobId) {}

    /** The job of a schedule is not deferred, because its queueing lock is taken. */
    default void periodicSkipped(String worker, Task<?> task, Periodic periodic, Instant time) {}

    /**
     * Jobs of dead workers were taken over.
     *
     * @param jobs as they were before
     */
    default void jobsRescued(String worker, List<Job> jobs) {}

    /**
     * A heartbeat was sent.
     *
     * @param stored whether the database has stored it
     */
    default void heartbeat(String worker, boolean stored) {}

    /** The worker's state has changed. */
    default void stateChanged(String worker, WorkerHealth.State state) {}

    /** One of the worker's activities has begun to fail; {@link WorkerHealth#problems()} has it until it works again. */
    default void problemBegan(String worker, WorkerHealth.Problem problem) {}
}

package io.procrastinate.task;

import io.procrastinate.job.Job;
import io.procrastinate.job.JobManager;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What running code may know about its job and its worker. Thread-safe; meant for use during the run. */
public interface JobContext {

    /** The job as it was fetched; {@link Job#attempts()} counts the runs before this one. */
    Job job();

    /** The worker's name. */
    String workerName();

    /** The queues that the worker serves; empty for all. */
    List<String> workerQueues();

    /** When this run began, by the clock of this process. */
    Instant startedAt();

    /** The additional context of the worker's options: a copy for each job. */
    Map<String, Object> additionalContext();

    /**
     * What middleware, code and listeners pass on to each other during this run, by names of their choice: mutable,
     * empty at first, and of this run alone. Safe for concurrent use; holds no null.
     */
    Map<String, Object> attributes();

    /** The tasks of the app, for deferring further jobs by name. */
    TaskRegistry tasks();

    /** Asks the worker to stop gracefully, as {@code worker.stop()}. */
    void stopWorker();

    /** The app's job manager. */
    JobManager jobManager();

    /**
     * Whether the job should stop: a user requested it, the worker is stopping and its graceful time-out has passed, or
     * the run is {@link #lost()}. Long-running code checks this from time to time, and throws
     * {@link io.procrastinate.exception.JobAbortedException}.
     */
    default boolean shouldAbort() {
        return abortReason() != null || lost();
    }

    /** Why the job should stop; null while it need not, or if the only reason is that the run is {@link #lost()}. */
    @Nullable
    AbortReason abortReason();

    /**
     * Whether this run no longer owns its job: the worker was declared dead, and the job may be running again
     * elsewhere. The result of this run will not be stored; code with external side effects should stop.
     */
    boolean lost();
}

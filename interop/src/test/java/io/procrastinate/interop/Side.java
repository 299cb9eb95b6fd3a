package io.procrastinate.interop;

import io.procrastinate.job.NewJob;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What programs of either language do with a queue, so that tests run in both directions. */
interface Side {

    /** Defers a job; empty if its queueing lock is taken. */
    OptionalLong deferUnlessWaiting(NewJob job);

    /** Defers a job. */
    default long defer(NewJob job) {
        return deferUnlessWaiting(job).orElseThrow();
    }

    /** Defers a job for each of the arguments in one batch. */
    List<Long> batchDefer(NewJob template, List<String> args);

    /** Takes back a waiting job. */
    boolean cancel(long id);

    /** Takes back a waiting job, or asks a running one to stop. */
    boolean abort(long id);

    /** Lets a failed or stalled job run again, in another queue unless that is null. */
    void retry(long id, @Nullable String queue);

    /** A job's status, as in the database. */
    String status(long id);

    /** All jobs with all of their columns, in the order of their ids. */
    List<Map<String, @Nullable Object>> jobs();

    /** How many jobs there are of each status for each of the {@code queues}, {@code tasks} or {@code locks}. */
    Map<String, Map<String, Long>> counts(String of);

    /** Starts a worker that lives until it is closed. */
    RunningWorker startWorker(WorkerSetup setup);

    /** A worker that was started. */
    @FunctionalInterface
    interface RunningWorker extends AutoCloseable {

        /** Stops it gracefully and waits until it has ended. */
        @Override
        void close();
    }
}

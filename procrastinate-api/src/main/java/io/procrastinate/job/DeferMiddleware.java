package io.procrastinate.job;

import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * Wraps each deferral of an app, whichever way it is called: of one job or a batch, each statement of
 * {@link JobManager#deferAll}, in the caller's transaction or not, and of periodic jobs by a worker. Called on the
 * thread that defers, before jobs of several callers share a statement, so that it finds what belongs to the caller,
 * such as a trace. The first middleware is the outermost. Must be thread-safe, and quick.
 *
 * @see io.procrastinate.App.Builder#deferMiddleware
 */
@FunctionalInterface
public interface DeferMiddleware {

    /**
     * Defers by the next middleware, or by the database if there is none. May add headers to the jobs
     * ({@link NewJob#header}) or change them otherwise, but not their number; may do something before and after, or
     * refuse by throwing or by a failed stage.
     *
     * @return the ids in the order of the jobs, as a stage that is complete when they are stored; a blocking call waits
     *     for it. Fails with {@link io.procrastinate.exception.AlreadyEnqueuedException} if a queueing lock is taken.
     *     For a periodic job that another worker has deferred, the list is empty.
     */
    CompletionStage<List<Long>> around(DeferContext context, Next next);

    /** What is inside a middleware. */
    @FunctionalInterface
    interface Next {

        /**
         * Defers the jobs.
         *
         * @param jobs as many as {@link DeferContext#jobs()}
         * @return as {@link DeferMiddleware#around}; failures are in the stage, nothing is thrown
         */
        CompletionStage<List<Long>> run(List<NewJob> jobs);
    }
}

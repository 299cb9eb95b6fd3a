package io.procrastinate.task;

import org.jspecify.annotations.Nullable;

/**
 * Code around the code of tasks: for one task ({@link TaskBuilder#middleware}) or for all that a worker runs. The first
 * middleware is the outermost; a worker's are around a task's. It does not see how the result is stored, and none is called for a
 * job whose task is unknown. Called by many threads.
 */
@FunctionalInterface
public interface Middleware {

    /**
     * Runs the next middleware, or the task's code where there is none, and may do something before and after, change the
     * result, or throw instead.
     *
     * @return the result; where the code returns a {@link java.util.concurrent.CompletionStage}, that stage or one that follows
     * @throws Exception when the job failed
     */
    @Nullable
    Object around(JobContext context, Next next) throws Exception;

    /** What a middleware is around. */
    @FunctionalInterface
    interface Next {

        /**
         * Runs it.
         *
         * @throws Exception when the job failed
         */
        @Nullable
        Object run() throws Exception;
    }
}

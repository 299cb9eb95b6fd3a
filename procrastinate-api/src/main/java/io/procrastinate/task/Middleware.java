package io.procrastinate.task;

import org.jspecify.annotations.Nullable;

/**
 * Wraps the code of tasks: of one task ({@link TaskBuilder#middleware}) or of all that a worker runs. The first
 * middleware is the outermost; a worker's are around a task's. It does not see how the result is stored, and is not
 * called for a job whose task is unknown. Must be thread-safe.
 */
@FunctionalInterface
public interface Middleware {

    /**
     * Runs the next middleware, or the task's code if there is none, and may do something before and after, change the
     * result, or throw instead.
     *
     * @return the result; if the code returns a {@link java.util.concurrent.CompletionStage}, that stage or a dependent
     *     one
     * @throws Exception if the job failed
     */
    @Nullable
    Object around(JobContext context, Next next) throws Exception;

    /** The code inside a middleware. */
    @FunctionalInterface
    interface Next {

        /**
         * Runs it.
         *
         * @throws Exception if the job failed
         */
        @Nullable
        Object run() throws Exception;
    }
}

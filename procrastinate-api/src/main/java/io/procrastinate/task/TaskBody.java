package io.procrastinate.task;

import org.jspecify.annotations.Nullable;

/**
 * The code of a task.
 *
 * @param <A> the type of its argument
 */
@FunctionalInterface
public interface TaskBody<A> {

    /**
     * Runs a job.
     *
     * @return the result, or a {@link java.util.concurrent.CompletionStage} of it, which the worker awaits without
     *     blocking a thread
     * @throws Exception if the job failed
     */
    @Nullable
    Object run(JobContext context, A args) throws Exception;
}

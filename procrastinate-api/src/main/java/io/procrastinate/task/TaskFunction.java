package io.procrastinate.task;

import org.jspecify.annotations.Nullable;

/**
 * Code of a task that has a result.
 *
 * @param <A> the type of its argument
 */
@FunctionalInterface
public interface TaskFunction<A> {

    /**
     * Runs a job.
     *
     * @return the result, or a {@link java.util.concurrent.CompletionStage} of it
     * @throws Exception if the job failed
     */
    @Nullable
    Object call(A args) throws Exception;
}

package io.procrastinate.task;

/**
 * Code of a task that has no result.
 *
 * @param <A> the type of its argument
 */
@FunctionalInterface
public interface TaskAction<A> {

    /**
     * Runs a job.
     *
     * @throws Exception if the job failed
     */
    void run(A args) throws Exception;
}

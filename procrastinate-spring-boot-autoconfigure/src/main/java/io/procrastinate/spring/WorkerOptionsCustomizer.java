package io.procrastinate.spring;

import io.procrastinate.worker.WorkerOptions;

/** A bean that changes the options of each worker, after the properties; several are called in their order. */
@FunctionalInterface
public interface WorkerOptionsCustomizer {

    /**
     * Changes options.
     *
     * @param worker the worker's name in the properties; {@code worker} for the only one
     */
    void customize(String worker, WorkerOptions.Builder options);
}

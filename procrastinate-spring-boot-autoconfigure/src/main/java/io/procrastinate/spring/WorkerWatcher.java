package io.procrastinate.spring;

import io.procrastinate.worker.Worker;

/** Told of each worker that is made. */
@FunctionalInterface
interface WorkerWatcher {

    void watch(Worker worker);
}

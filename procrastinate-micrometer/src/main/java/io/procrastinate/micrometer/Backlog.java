package io.procrastinate.micrometer;

import io.procrastinate.job.QueueBacklog;
import java.util.List;

/**
 * What waits, runs and has failed, and which workers there are, in the whole database.
 *
 * @param queues what each queue has
 * @param workersAlive how many workers sent a heartbeat lately
 * @param workersDead how many did not, and are still registered
 */
record Backlog(List<QueueBacklog> queues, long workersAlive, long workersDead) {

    /** Reads it. */
    @FunctionalInterface
    interface Source {

        /** Reads it from the database. */
        Backlog read();
    }
}

package io.procrastinate;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.SharedPool;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.worker.WorkerOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Checks whether the application's pool is large enough for a worker. For one worker; not thread-safe. */
final class PoolCheck {

    private static final Logger LOGGER = LoggerFactory.getLogger(PoolCheck.class);

    private static final BoundQuery ASKS_NOTHING =
            Query.named("pool_check").sql("SELECT 1 AS one").bind().build();

    private final AsyncConnector connector;
    private final WorkerOptions options;
    private boolean passed;

    PoolCheck(AsyncConnector connector, WorkerOptions options) {
        this.connector = connector;
        this.options = options;
    }

    /**
     * Refuses a pool in which nothing is left besides the connections that the worker keeps, and warns, once, of one
     * that is smaller than the worker's jobs may need.
     */
    void require() {
        SharedPool pool = passed ? null : connector.sharedPool().orElse(null);
        if (pool == null) {
            return;
        }
        boolean listens = pool.listens()
                && options.listenNotify()
                && connector.capabilities().contains(Capability.LISTEN);
        int kept = listens ? 2 : 1;
        String keeps = "one for its heartbeat and results" + (listens ? ", and one to listen" : "");
        Integer size = pool.size();
        if (size == null) {
            try (ReservedConnection probe = connector.sync().reserve()) {
                Stages.join(probe.execute(ASKS_NOTHING));
            }
        } else if (size <= kept) {
            throw new ConnectorException(
                    "The application's pool is too small for a worker: it has " + size + " of the " + (kept + 1)
                            + " connections that are needed at least. The worker keeps " + keeps
                            + "; one must be left for its other statements. Make the pool larger"
                            + (listens
                                    ? ", or let the worker listen elsewhere (ConnectorSettings.listenUrl) or not at all"
                                            + " (WorkerOptions.listenNotify(false))."
                                    : "."),
                    null,
                    false,
                    null);
        } else if (size < options.concurrency() + kept) {
            LOGGER.warn(
                    "Worker {}: the application's pool has {} connections, of which the worker keeps {} ({}). Of its"
                            + " {} concurrent jobs no more than {} can get a connection, the others wait for one,"
                            + " and so does the fetching of jobs. Make the pool larger than {}, or the concurrency"
                            + " smaller.",
                    options.name(),
                    size,
                    kept,
                    keeps,
                    options.concurrency(),
                    size - kept,
                    options.concurrency() + kept);
        }
        passed = true;
    }
}

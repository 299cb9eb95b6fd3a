package io.procrastinate.job;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.Query;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.exception.ConnectorException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Jobs with queueing locks that are deferred by one statement on a connection of the caller. */
final class CallersBatch {

    private static final QueryFile QUERIES = QueryFile.beside(CallersBatch.class, "queries.sql");
    private static final Query LOCK_JOBS = QUERIES.query("lock_jobs");
    private static final Query DEFER_FREE_JOBS = QUERIES.query("defer_free_jobs");
    private static final Query DEFER_FREE_JOBS_WITH_HEADERS = QUERIES.query("defer_free_jobs_with_headers");
    private static final Query DELETE_JOBS = QUERIES.query("delete_jobs");

    /** {@code no_active_sql_transaction} */
    private static final String NO_TRANSACTION = "25P01";

    private final QueryExecutor executor;
    private final Object connection;
    private final List<NewJob> jobs;
    private final Query deferring;

    CallersBatch(QueryExecutor executor, Object connection, List<NewJob> jobs, boolean withHeaders) {
        this.executor = executor;
        this.connection = connection;
        this.jobs = jobs;
        this.deferring = withHeaders ? DEFER_FREE_JOBS_WITH_HEADERS : DEFER_FREE_JOBS;
    }

    /**
     * Whether the caller has begun a transaction, in whatever way. Asks the server: it grants the lock that inserting
     * takes anyway only in a transaction.
     */
    CompletionStage<Boolean> isInTransaction() {
        CompletionStage<Boolean> locked =
                executor.execute(LOCK_JOBS.bind().build(), connection).thenApply(rows -> true);
        return locked.exceptionallyCompose(failure ->
                Stages.cause(failure) instanceof ConnectorException refused && NO_TRANSACTION.equals(refused.sqlState())
                        ? CompletableFuture.completedFuture(false)
                        : locked);
    }

    /**
     * Defers in a transaction, which an error would abort: finds out what was refused instead, and deletes the rest.
     * Outside a transaction, workers could already have run those jobs.
     */
    CompletionStage<List<Long>> deferOrUndo() {
        return executor.execute(
                        deferring.bind().set("jobs", JobStore.rows(jobs)).build(), connection)
                .thenCompose(inserted -> {
                    List<Long> ids = JobStore.ids(inserted);
                    if (ids.size() == jobs.size()) {
                        return CompletableFuture.completedFuture(ids);
                    }
                    return executor.execute(DELETE_JOBS.bind().set("ids", ids).build(), connection)
                            .thenApply(deleted -> {
                                throw new AlreadyEnqueuedException(JobStore.onlyQueueingLock(jobs), null, null);
                            });
                });
    }
}

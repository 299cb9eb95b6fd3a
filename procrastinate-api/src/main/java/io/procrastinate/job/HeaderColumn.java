package io.procrastinate.job;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.Query;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.SchemaException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the table of jobs has a column for headers, as far as an app knows. Asked before headers are written: in a
 * transaction of the application, a statement that the server refuses would abort it. Thread-safe.
 */
final class HeaderColumn {

    private static final Logger LOGGER = LoggerFactory.getLogger(HeaderColumn.class);
    private static final Query HAS_HEADERS =
            QueryFile.beside(HeaderColumn.class, "queries.sql").query("has_headers");

    /** {@code undefined_column}, {@code undefined_function}: the one that gives a periodic job its headers. */
    private static final Set<String> UNDEFINED = Set.of("42703", "42883");

    /** The layout may be changed while the app runs. */
    private static final long ASKED_AGAIN_AFTER = Duration.ofMinutes(1).toNanos();

    private final AtomicBoolean warned = new AtomicBoolean();
    private volatile boolean present;
    private volatile @Nullable Long absentSince;

    /** Asks the database, unless the answer is known. */
    CompletionStage<Boolean> isPresent(QueryExecutor executor, @Nullable Object connection) {
        Long asked = absentSince;
        if (present || (asked != null && System.nanoTime() - asked < ASKED_AGAIN_AFTER)) {
            return CompletableFuture.completedFuture(present);
        }
        return executor.execute(HAS_HEADERS.bind().build(), connection)
                .thenApply(rows -> found(rows.get(0).bool("present")));
    }

    /** Whether a statement with headers may have failed because the column was there, and is no more. */
    boolean mayBeGone(Throwable failure) {
        Throwable cause = Stages.cause(failure);
        boolean undefined =
                (cause instanceof SchemaException ? cause.getCause() : cause) instanceof ConnectorException refused
                        && refused.sqlState() != null
                        && UNDEFINED.contains(refused.sqlState());
        if (undefined) {
            present = false;
            absentSince = null;
        }
        return undefined;
    }

    private boolean found(boolean isThere) {
        present = isThere;
        absentSince = isThere ? null : (Long) System.nanoTime();
        if (!isThere && warned.compareAndSet(false, true)) {
            LOGGER.warn(
                    "Jobs are deferred without their headers, such as the traces that they belong to: the tables have"
                            + " no column for them. Change their layout with app.schemaManager().optimize() or the command"
                            + " 'procrastinate schema --optimize'.");
        }
        return isThere;
    }
}

package io.procrastinate;

import io.procrastinate.driver.BlockingThreads;
import io.procrastinate.text.Printable;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks whether the database is usable, and returns within a limit, however long the check takes. Concurrent calls
 * share a running check, so that checks do not pile up while the database is away. Thread-safe.
 */
final class HealthCheck {

    private static final ThreadFactory THREADS = BlockingThreads.daemons("procrastinate-health");

    private final BooleanSupplier look;
    private @Nullable CompletableFuture<AppHealth> underWay;

    /** @param look checks whether the schema exists; may throw, and may take long */
    HealthCheck(BooleanSupplier look) {
        this.look = look;
    }

    AppHealth within(Duration limit) {
        try {
            return look().get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return late(limit);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new AppHealth("The check of the database was interrupted", null);
        } catch (ExecutionException e) {
            return failed(e.getCause() == null ? e : e.getCause());
        }
    }

    CompletionStage<AppHealth> withinAsync(Duration limit) {
        return look().copy()
                .completeOnTimeout(late(limit), limit.toNanos(), TimeUnit.NANOSECONDS)
                .exceptionally(HealthCheck::failed);
    }

    private static AppHealth late(Duration limit) {
        return new AppHealth("The database has not answered within " + limit, null);
    }

    private synchronized CompletableFuture<AppHealth> look() {
        if (underWay == null || underWay.isDone()) {
            CompletableFuture<AppHealth> next = new CompletableFuture<>();
            underWay = next;
            THREADS.newThread(() -> next.complete(answer())).start();
        }
        return underWay;
    }

    private AppHealth answer() {
        try {
            return look.getAsBoolean()
                    ? new AppHealth(null, null)
                    : new AppHealth(
                            "The database has no schema of Procrastinate. Create it with app.schemaManager().apply()"
                                    + " or the command 'procrastinate schema'.",
                            null);
        } catch (RuntimeException | Error e) {
            return failed(e);
        }
    }

    private static AppHealth failed(Throwable failure) {
        return new AppHealth("The database cannot be used: " + Printable.failure(failure), failure);
    }
}

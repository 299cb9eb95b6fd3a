package io.procrastinate.job;

import org.jspecify.annotations.Nullable;

/**
 * Returns the application's connection that a deferral joins if it names none by {@link JobManager#on}: so a framework
 * makes jobs part of the transaction that it manages. Asked on the thread that defers, for deferrals only: all other
 * calls, workers and periodic tasks use the app's own connections. Must be thread-safe.
 *
 * @see io.procrastinate.App.Builder#currentTransaction
 */
@FunctionalInterface
public interface CurrentTransaction {

    /**
     * Returns the connection of the current transaction, of a kind that the app's connector knows; null if there is
     * none. An exception refuses the deferral.
     */
    @Nullable
    Object connection();
}

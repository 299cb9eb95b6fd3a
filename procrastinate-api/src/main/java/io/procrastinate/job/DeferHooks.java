package io.procrastinate.job;

import io.procrastinate.annotation.Internal;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What the application has put around its deferrals. Immutable.
 *
 * @hidden
 */
@Internal
public final class DeferHooks {

    private final List<DeferMiddleware> middleware;
    private final @Nullable CurrentTransaction current;

    /**
     * @param middleware the outermost first
     * @param current says which connection a deferral joins, or null if it joins none
     */
    public DeferHooks(List<DeferMiddleware> middleware, @Nullable CurrentTransaction current) {
        this.middleware = List.copyOf(middleware);
        this.current = current;
    }

    /** Nothing around deferrals. */
    public static DeferHooks none() {
        return new DeferHooks(List.of(), null);
    }

    /** The store, on the connection of the current transaction if there is one and the store has no other. */
    JobStore joining(JobStore store) {
        Object connection = current == null || store.isOnCallersConnection() ? null : current.connection();
        return connection == null ? store : store.on(connection);
    }

    /** Defers inside all middleware; without any, this costs nothing. */
    CompletionStage<List<Long>> around(
            List<NewJob> jobs, boolean joined, boolean periodic, DeferMiddleware.Next defer) {
        return middleware.isEmpty() || jobs.isEmpty()
                ? defer.run(jobs)
                : inside(0, new Deferral(List.copyOf(jobs), joined, periodic), defer);
    }

    /** Whether nothing is around a deferral. */
    boolean hasNoMiddleware() {
        return middleware.isEmpty();
    }

    private CompletionStage<List<Long>> inside(int depth, Deferral deferral, DeferMiddleware.Next defer) {
        try {
            if (depth == middleware.size()) {
                return defer.run(deferral.jobs);
            }
            DeferMiddleware outer = middleware.get(depth);
            CompletionStage<List<Long>> ids = outer.around(deferral, jobs -> next(depth, deferral, jobs, defer));
            return ids == null ? nothing(outer) : ids.thenApply(all -> deferral.checked(outer, all));
        } catch (RuntimeException | Error e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** What a middleware calls, and what must not throw. */
    private CompletionStage<List<Long>> next(
            int depth, Deferral deferral, List<NewJob> jobs, DeferMiddleware.Next defer) {
        Deferral changed;
        try {
            changed = deferral.with(middleware.get(depth), jobs);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        return inside(depth + 1, changed, defer);
    }

    private static CompletionStage<List<Long>> nothing(DeferMiddleware culprit) {
        return CompletableFuture.failedFuture(
                new IllegalStateException(name(culprit) + " returned null instead of a stage of the jobs' ids"));
    }

    private static String name(DeferMiddleware middleware) {
        return "The middleware " + middleware.getClass().getName();
    }

    private record Deferral(List<NewJob> jobs, boolean joined, boolean periodic) implements DeferContext {

        Deferral with(DeferMiddleware culprit, List<NewJob> changed) {
            if (changed.size() != jobs.size()) {
                throw new IllegalArgumentException(name(culprit) + " was given " + jobs.size()
                        + " jobs to defer, and defers " + changed.size() + ": it may change jobs, but not their number."
                        + " Nothing was deferred.");
            }
            return new Deferral(List.copyOf(changed), joined, periodic);
        }

        List<Long> checked(DeferMiddleware culprit, List<Long> ids) {
            if (ids.size() != jobs.size() && !(periodic && ids.isEmpty())) {
                throw new IllegalStateException(
                        name(culprit) + " returned " + ids.size() + " ids of " + jobs.size() + " jobs");
            }
            return ids;
        }
    }
}

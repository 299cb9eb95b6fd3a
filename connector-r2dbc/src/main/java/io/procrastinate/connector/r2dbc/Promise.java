package io.procrastinate.connector.r2dbc;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Gives a {@link Future} its answer; only the first answer counts. Thread-safe. */
final class Promise<T extends @Nullable Object> {

    private final CompletableFuture<T> stage = new CompletableFuture<>();
    private final Future<T> future = new Future<>(stage);

    Future<T> future() {
        return future;
    }

    /** Returns whether this was the first answer. */
    boolean complete(@Nullable T result) {
        return stage.complete(result);
    }

    /** Returns whether this was the first answer. */
    boolean fail(Throwable cause) {
        return stage.completeExceptionally(cause);
    }
}

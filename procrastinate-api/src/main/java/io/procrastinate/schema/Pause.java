package io.procrastinate.schema;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Waits without a thread, then continues on a new one. The common pool would not do: it has a single thread on two
 * processors, and an application may block that.
 */
final class Pause {

    private static final Executor NEW_THREAD = task -> {
        Thread thread = new Thread(task, "procrastinate-schema");
        thread.setDaemon(true);
        thread.start();
    };

    private Pause() {}

    static CompletionStage<@Nullable Void> of(Duration pause) {
        Executor later = CompletableFuture.delayedExecutor(pause.toMillis(), TimeUnit.MILLISECONDS, NEW_THREAD);
        return CompletableFuture.runAsync(() -> {}, later);
    }
}

package io.procrastinate.job;

import io.procrastinate.driver.Stages;
import io.procrastinate.exception.BulkDeferException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Defers very many jobs in chunks, only one of which is in memory at a time. */
final class BulkDefer {

    private final Function<List<NewJob>, CompletionStage<List<Long>>> batch;
    private final Iterator<NewJob> source;
    private final Consumer<BulkProgress> listener;
    private long deferred;

    /** @param batch defers the jobs of one statement */
    BulkDefer(
            Function<List<NewJob>, CompletionStage<List<Long>>> batch,
            Iterator<NewJob> source,
            Consumer<BulkProgress> listener) {
        this.batch = batch;
        this.source = source;
        this.listener = listener;
    }

    /** Defers all jobs; returns how many there were. */
    CompletionStage<Long> run() {
        try {
            // A loop while the stages are complete, like those of blocking calls, so that the stack stays flat.
            for (List<NewJob> chunk = read(); !chunk.isEmpty(); chunk = read()) {
                CompletableFuture<@Nullable Void> sent = send(chunk).toCompletableFuture();
                if (!sent.isDone() || sent.isCompletedExceptionally()) {
                    return sent.thenCompose(done -> run());
                }
            }
            return CompletableFuture.completedFuture(deferred);
        } catch (BulkDeferException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private List<NewJob> read() {
        List<NewJob> chunk = new ArrayList<>(JobStore.CHUNK);
        try {
            while (chunk.size() < JobStore.CHUNK && source.hasNext()) {
                chunk.add(source.next());
            }
        } catch (RuntimeException | Error e) {
            throw new BulkDeferException(deferred, 0, false, e);
        }
        return chunk;
    }

    private CompletionStage<@Nullable Void> send(List<NewJob> chunk) {
        return batch.apply(chunk).handle((ids, failure) -> {
            if (failure != null) {
                Throwable cause = Stages.cause(failure);
                throw new BulkDeferException(deferred, chunk.size(), !JobStore.isNothingStored(cause), cause);
            }
            deferred += ids.size();
            tell(new BulkProgress(deferred, ids));
            return null;
        });
    }

    private void tell(BulkProgress progress) {
        try {
            listener.accept(progress);
        } catch (RuntimeException | Error e) {
            throw new BulkDeferException(deferred, 0, false, e);
        }
    }
}

package io.procrastinate.adapter;

import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ReservedConnection;
import io.procrastinate.connector.Row;
import io.procrastinate.driver.Stages;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A reserved connection of a synchronous connector: each statement begins on a thread when the one before it has ended.
 */
final class ThreadedReservation implements ReservedConnection {

    private final ReservedConnection blocking;
    private final Function<Supplier<List<Row>>, CompletionStage<List<Row>>> threads;
    private CompletionStage<?> last = CompletableFuture.completedFuture(null);

    ThreadedReservation(
            ReservedConnection blocking, Function<Supplier<List<Row>>, CompletionStage<List<Row>>> threads) {
        this.blocking = blocking;
        this.threads = threads;
    }

    @Override
    public CompletionStage<List<Row>> execute(BoundQuery query) {
        CompletableFuture<List<Row>> result = new CompletableFuture<>();
        CompletableFuture<?> turn = new CompletableFuture<>();
        CompletionStage<?> before;
        synchronized (this) {
            before = last;
            last = turn;
        }
        before.thenRun(() -> threads.apply(() -> Stages.join(blocking.execute(query)))
                .whenComplete((rows, failure) -> {
                    // Start the next one first: code that depends on the result may take long.
                    turn.complete(null);
                    if (failure == null) {
                        result.complete(rows);
                    } else {
                        result.completeExceptionally(failure);
                    }
                }));
        return result;
    }

    @Override
    public void close() {
        blocking.close();
    }
}

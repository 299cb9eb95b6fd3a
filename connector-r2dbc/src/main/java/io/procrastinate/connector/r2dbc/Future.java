package io.procrastinate.connector.r2dbc;

import io.procrastinate.driver.Stages;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/**
 * An answer that was already asked for: unlike a publisher it can be looked at by several without being asked for
 * again, and unlike a stage it fails with the exception itself. Thread-safe.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what follows a stage of our own is for its listeners
final class Future<T extends @Nullable Object> {

    private final CompletableFuture<T> stage;

    Future(CompletableFuture<T> stage) {
        this.stage = stage;
    }

    static Future<@Nullable Void> done() {
        return succeeded(null);
    }

    static <T extends @Nullable Object> Future<T> succeeded(@Nullable T result) {
        return new Future<>(CompletableFuture.completedFuture(result));
    }

    static <T extends @Nullable Object> Future<T> failed(Throwable cause) {
        return new Future<>(CompletableFuture.failedFuture(cause));
    }

    /** Subscribes to a publisher; the result is its last element, or null. */
    static <T> Future<@Nullable T> of(Publisher<? extends T> publisher) {
        Promise<@Nullable T> answer = new Promise<>();
        ask(publisher, answer);
        return answer.future();
    }

    /** As {@link #of}; the answer can be given up. */
    static <T> Disposable ask(Publisher<? extends T> publisher, Promise<@Nullable T> answer) {
        return Mono.from(publisher).subscribe(answer::complete, answer::fail, () -> answer.complete(null));
    }

    /** Completes when all have completed, in whatever way. */
    static Future<@Nullable Void> join(List<CompletableFuture<?>> all) {
        Promise<@Nullable Void> joined = new Promise<>();
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                .whenComplete((nothing, failure) -> joined.complete(null));
        return joined.future();
    }

    boolean isComplete() {
        return stage.isDone();
    }

    Future<T> onComplete(BiConsumer<@Nullable T, @Nullable Throwable> action) {
        stage.whenComplete((result, failure) -> action.accept(result, failure == null ? null : Stages.cause(failure)));
        return this;
    }

    Future<T> onSuccess(Consumer<T> action) {
        stage.thenAccept(action);
        return this;
    }

    Future<T> onFailure(Consumer<Throwable> action) {
        return onComplete((result, failure) -> {
            if (failure != null) {
                action.accept(failure);
            }
        });
    }

    /** Continues with what follows success or failure. */
    <U extends @Nullable Object> Future<U> transform(
            Function<T, Future<U>> afterSuccess, Function<Throwable, Future<U>> afterFailure) {
        return new Future<>(stage.handle((result, failure) -> (failure == null
                                ? afterSuccess.apply(result)
                                : afterFailure.apply(Stages.cause(failure)))
                        .stage)
                .thenCompose(Function.identity()));
    }

    <U extends @Nullable Object> Future<U> compose(Function<T, Future<U>> next) {
        return transform(next, Future::failed);
    }

    Future<T> recover(Function<Throwable, Future<T>> next) {
        return transform(Future::succeeded, next);
    }

    /** Continues in the same way after success and failure. */
    <U extends @Nullable Object> Future<U> anyway(Future<U> next) {
        return transform(result -> next, failure -> next);
    }

    <U extends @Nullable Object> Future<U> map(Function<T, U> conversion) {
        return compose(result -> succeeded(conversion.apply(result)));
    }

    /** Fails with a {@link TimeoutException} if there is no answer within the limit. */
    Future<T> timeout(Duration limit) {
        if (stage.isDone()) {
            return this;
        }
        Promise<T> answer = new Promise<>();
        Disposable timer = Timers.after(limit, () -> answer.fail(new TimeoutException("no answer within " + limit)));
        stage.whenComplete((result, failure) -> {
            timer.dispose();
            if (failure == null) {
                answer.complete(result);
            } else {
                answer.fail(Stages.cause(failure));
            }
        });
        return answer.future();
    }
}

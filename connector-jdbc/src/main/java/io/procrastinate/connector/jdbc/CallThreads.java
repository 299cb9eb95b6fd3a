package io.procrastinate.connector.jdbc;

import io.procrastinate.annotation.Internal;
import io.procrastinate.driver.BlockingThreads;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Makes calls of a driver that swallows interrupts, or that cannot be given a time limit, on separate threads, which
 * are never interrupted and may be left behind. The threads end a second after their last call. Thread-safe.
 *
 * @hidden
 */
@Internal
public final class CallThreads {

    private final Executor threads;

    /** Names the threads. */
    public CallThreads(String name) {
        this.threads = new ThreadPoolExecutor(
                0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(), BlockingThreads.daemons(name));
    }

    /**
     * Makes a call and waits for it. An interrupt of the waiting thread neither ends the wait nor is lost.
     *
     * @param bound how long to wait
     * @throws TimeoutException if the call took longer; it continues
     * @throws Exception what the call threw
     */
    public <T> T call(Duration bound, Callable<T> call) throws Exception {
        return call(bound, call, late -> {});
    }

    /**
     * Makes a call and waits for it, as {@link #call(Duration, Callable)}.
     *
     * @param tooLate what to do with a result that arrives after the wait was given up
     */
    public <T> T call(Duration bound, Callable<T> call, Consumer<T> tooLate) throws Exception {
        Call<T> begun = begin(call, tooLate);
        try {
            return begun.await(bound);
        } catch (TimeoutException e) {
            if (begun.giveUp(e)) {
                throw e;
            }
            return begun.await(Duration.ZERO); // it came at the last moment
        }
    }

    /**
     * Begins a call.
     *
     * @param tooLate what to do with a result that arrives after the wait was given up
     */
    public <T> Call<T> begin(Callable<T> call, Consumer<T> tooLate) {
        Call<T> begun = new Call<>();
        threads.execute(() -> {
            try {
                T value = call.call();
                if (!begun.result.complete(value)) {
                    tooLate.accept(value);
                }
            } catch (Throwable e) {
                begun.result.completeExceptionally(e);
            }
        });
        return begun;
    }

    /**
     * A running call.
     *
     * @hidden
     */
    @Internal
    public static final class Call<T> {

        private final CompletableFuture<T> result = new CompletableFuture<>();

        private Call() {}

        /** Gives up waiting; returns whether there was no result yet. */
        public boolean giveUp(Exception reason) {
            return result.completeExceptionally(reason);
        }

        /**
         * Waits for the call. An interrupt of the waiting thread neither ends the wait nor is lost.
         *
         * @throws TimeoutException if it takes longer; it continues, and can be waited for again
         * @throws Exception what the call threw
         */
        public T await(Duration bound) throws Exception {
            long end = System.nanoTime() + bound.toNanos();
            boolean interrupted = false;
            try {
                while (true) {
                    try {
                        return result.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                    } catch (InterruptedException e) {
                        interrupted = true;
                    }
                }
            } catch (ExecutionException e) {
                throw e.getCause() instanceof Exception cause ? cause : e;
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }
}

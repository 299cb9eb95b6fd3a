package io.procrastinate.driver;

import io.procrastinate.exception.ConnectorException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Waits for stages and unwraps their failures. */
public final class Stages {

    /** The longest wait that nanosecond arithmetic can represent without overflowing. */
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE / 2);

    private Stages() {}

    /**
     * Waits for a stage without a limit. An interrupt does not end the wait (a statement cannot be left half executed);
     * the thread stays interrupted.
     *
     * @throws RuntimeException the stage's own exception
     */
    public static <T extends @Nullable Object> T join(CompletionStage<T> stage) {
        return join(stage, LONGEST);
    }

    /**
     * Waits for a stage, but no longer than the limit.
     *
     * @throws ConnectorException if the limit passed
     * @throws RuntimeException the stage's own exception
     */
    public static <T extends @Nullable Object> T join(CompletionStage<T> stage, Duration limit) {
        Future<T> future = stage.toCompletableFuture();
        long end = System.nanoTime() + (limit.compareTo(LONGEST) < 0 ? limit : LONGEST).toNanos();
        boolean waits = !future.isDone();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (TimeoutException e) {
                    throw new ConnectorException("No answer within " + limit, null, true, e);
                } catch (ExecutionException | CancellationException e) {
                    throw unchecked(e, waits);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Returns the exception that a stage failed with, without the wrappers that futures put around it. */
    public static Throwable cause(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static RuntimeException unchecked(Throwable failure, boolean otherThread) {
        Throwable cause = cause(failure);
        if (cause instanceof Error error) {
            throw error;
        }
        if (cause instanceof RuntimeException exception) {
            if (otherThread) {
                exception.addSuppressed(new CallerTrace());
            }
            return exception;
        }
        return new ConnectorException("The call failed: " + cause.getMessage(), null, false, cause);
    }

    /** Shows, below an exception that was created on another thread, where the call came from. */
    private static final class CallerTrace extends Exception {

        private static final long serialVersionUID = 1L;

        CallerTrace() {
            super("called from");
        }
    }
}

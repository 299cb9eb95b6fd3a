package io.procrastinate.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procrastinate.exception.ConnectorException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

class StagesTest {

    @Test
    void answersTheValue() {
        assertThat(Stages.join(CompletableFuture.completedFuture("value"))).isEqualTo("value");
        assertThat(Stages.join(CompletableFuture.completedStage("value"), Duration.ofSeconds(1)))
                .isEqualTo("value");
    }

    @Test
    void throwsTheStagesOwnException() {
        IllegalStateException failure = new IllegalStateException("own");

        assertThatThrownBy(() ->
                        Stages.join(CompletableFuture.failedFuture(failure).thenApply(value -> value)))
                .isSameAs(failure)
                .hasNoSuppressedExceptions();
        assertThatThrownBy(() -> Stages.join(CompletableFuture.failedFuture(new AssertionError("own"))))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void wrapsACheckedException() {
        IOException failure = new IOException("checked");

        assertThatThrownBy(() -> Stages.join(CompletableFuture.failedFuture(failure)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("checked")
                .hasCause(failure);
    }

    @Test
    void givesUpAtTheLimit() {
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> Stages.join(new CompletableFuture<>(), Duration.ofMillis(1)))
                .withMessage("No answer within PT0.001S")
                .satisfies(e -> assertThat(e.isTransient()).isTrue());
    }

    @Test
    void takesAnyLimit() {
        assertThat(Stages.join(CompletableFuture.completedFuture(1), Duration.ofSeconds(Long.MAX_VALUE)))
                .isEqualTo(1);
    }

    @Test
    void keepsAnInterruptAndWaitsOn() {
        CompletableFuture<String> stage = new CompletableFuture<>();
        CompletableFuture<Boolean> stayedInterrupted = new CompletableFuture<>();
        Thread waiter = new Thread(() -> {
            Stages.join(stage);
            stayedInterrupted.complete(Thread.currentThread().isInterrupted());
        });
        waiter.start();
        await().until(() -> waiter.getState() == Thread.State.TIMED_WAITING);
        waiter.interrupt();
        await().until(() -> !waiter.isInterrupted() && waiter.getState() == Thread.State.TIMED_WAITING);
        assertThat(stayedInterrupted).isNotDone();

        stage.complete("done");

        assertThat(stayedInterrupted.join()).isTrue();
    }

    @Test
    void showsWhereAFailureOfAnotherThreadWasWaitedFor() {
        CompletableFuture<String> stage = new CompletableFuture<>();
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        Thread waiter = new Thread(() -> {
            try {
                Stages.join(stage);
            } catch (IllegalStateException e) {
                thrown.complete(e);
            }
        });
        waiter.start();
        await().until(() -> waiter.getState() == Thread.State.TIMED_WAITING);

        stage.completeExceptionally(new IllegalStateException("elsewhere"));

        assertThat(thrown.join().getSuppressed())
                .singleElement()
                .satisfies(trace -> assertThat(trace.getStackTrace())
                        .anyMatch(frame -> frame.getClassName().startsWith(StagesTest.class.getName())));
    }

    @Test
    void unwrapsWhatFuturesWrap() {
        IOException cause = new IOException();

        assertThat(Stages.cause(new CompletionException(new ExecutionException(cause))))
                .isSameAs(cause);
        assertThat(Stages.cause(cause)).isSameAs(cause);
        CompletionException empty = new CompletionException("empty", null);
        assertThat(Stages.cause(empty)).isSameAs(empty);
    }
}

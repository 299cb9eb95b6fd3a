package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.exception.JobAbortedException;
import io.procrastinate.fixture.Site;
import io.procrastinate.job.CancelOption;
import io.procrastinate.retry.RetryStrategy;
import io.procrastinate.task.AbortReason;
import io.procrastinate.worker.JobResult.Outcome;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How running jobs are aborted. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@SuppressWarnings("FutureReturnValueIgnored") // the worker handles what tasks return
class AbortTest extends RunningJobTest {

    private static final Duration NEVER_POLL = Duration.ofHours(1);

    private void abort(long id) {
        assertThat(site.app.jobManager().cancel(id, CancelOption.ABORT)).isTrue();
    }

    @Test
    void abortsABlockingJobWhenNotified() throws InterruptedException {
        blocking("block");
        long id = defer("block");
        startWith(site.options().abortPollingInterval(NEVER_POLL));
        site.awaitListening();

        abort(id);

        site.awaitStatus(id, "aborted");
        assertThat(site.attempts(id)).isEqualTo(1);
        assertThat(site.sql("SELECT abort_requested FROM procrastinate_jobs")).containsExactly("f");
    }

    @Test
    void abortsAJobWhenItPolls() throws InterruptedException {
        blocking("block");
        long id = defer("block");
        startWith(site.options().listenNotify(false).abortPollingInterval(OFTEN));

        abort(id);

        site.awaitStatus(id, "aborted");
    }

    @Test
    void cancelsAStage() throws InterruptedException {
        CompletableFuture<String> stage = new CompletableFuture<>();
        site.app.task("stage").call(args -> {
            entered.release();
            return stage;
        });
        long id = defer("stage");
        startWith(site.options());

        abort(id);

        site.awaitStatus(id, "aborted");
        assertThat(stage).isCancelled();
    }

    @Test
    void abortsAStageThatCannotBeCancelled() throws InterruptedException {
        CompletableFuture<String> hidden = new CompletableFuture<>();
        site.app.task("stage").call(args -> {
            entered.release();
            return hidden.minimalCompletionStage();
        });
        long id = defer("stage");
        startWith(site.options());

        abort(id);

        site.awaitStatus(id, "aborted");
    }

    @Test
    void abortsAJobThatLooksAtTheFlag() {
        site.app.task("polite").body((context, args) -> {
            entered.release();
            while (!context.shouldAbort()) {
                Thread.onSpinWait();
            }
            Thread.interrupted();
            throw new JobAbortedException("as requested, because of " + context.abortReason());
        });
        long id = defer("polite");
        site.start(site.options());
        site.awaitStatus(id, "doing");

        abort(id);

        site.awaitStatus(id, "aborted");
        Site.until(() -> !site.results.isEmpty(), "the result is reported");
        assertThat(site.results.element().failure()).hasMessageContaining(AbortReason.USER_REQUEST.toString());
    }

    @Test
    void countsASocketThatTheInterruptClosedAsAborted() throws InterruptedException {
        site.app.task("io").run(args -> {
            entered.release();
            try {
                released.await();
            } catch (InterruptedException e) {
                throw new UncheckedIOException(new SocketException("Closed by interrupt"));
            }
        });
        long id = defer("io");
        startWith(site.options());

        abort(id);

        site.awaitStatus(id, "aborted");
    }

    @Test
    void endsAnAbortedJobAbortedWhateverItsRetryStrategy() throws InterruptedException {
        site.app.task("block").retry(RetryStrategy.forever()).run(args -> {
            entered.release();
            released.await();
        });
        long id = defer("block");
        startWith(site.options());

        abort(id);

        site.awaitStatus(id, "aborted");
        assertThat(site.events(id)).containsExactly("deferred", "started", "abort_requested", "aborted");
    }

    @Test
    void doesNotRetryAJobThatFailsOtherwiseAfterAnAbort() throws InterruptedException {
        site.app.task("stubborn").retry(RetryStrategy.forever()).run(args -> {
            entered.release();
            try {
                released.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException("something else");
            }
        });
        long id = defer("stubborn");
        startWith(site.options());

        abort(id);

        site.awaitStatus(id, "failed");
        Site.until(() -> !site.results.isEmpty(), "the result is reported");
        assertThat(site.results.element().outcome()).isEqualTo(Outcome.FAILED);
    }

    @Test
    void countsAJobThatSwallowsItsAbortAsSucceeded() throws InterruptedException {
        site.app.task("stubborn").run(args -> {
            entered.release();
            try {
                released.await();
            } catch (InterruptedException e) {
                return;
            }
        });
        long id = defer("stubborn");
        startWith(site.options());

        abort(id);

        site.awaitStatus(id, "succeeded");
    }

    @Test
    void abortsWhileItDrains() throws InterruptedException {
        blocking("block");
        long id = defer("block");
        Worker worker = startWith(site.options().heartbeatInterval(OFTEN));
        worker.stop();
        Site.until(
                () -> site.number("SELECT count(*) FROM procrastinate_workers"
                                + " WHERE last_heartbeat > now() - interval '1 second'")
                        == 1,
                "the heart beats");
        String before = heartbeat();
        Site.until(() -> !heartbeat().equals(before), "the heart still beats");
        long later = defer("noop");

        abort(id);

        assertThat(worker.awaitEnd(Site.BOUND)).isTrue();
        assertThat(site.status(id)).isEqualTo("aborted");
        assertThat(site.status(later)).isEqualTo("todo");
    }

    @Test
    void interruptsAgainWhoSwallowedAnAbort() throws InterruptedException {
        site.app.task("stubborn").run(args -> {
            entered.release();
            try {
                released.await();
            } catch (InterruptedException e) {
                entered.release();
                released.await();
            }
        });
        long id = defer("stubborn");
        Worker worker = startWith(site.options().shutdownGracefulTimeout(OFTEN).abortPollingInterval(OFTEN));
        abort(id);
        awaitEntered();

        worker.close();

        assertThat(site.status(id)).isEqualTo("aborted");
    }

    private String heartbeat() {
        return site.sql("SELECT last_heartbeat FROM procrastinate_workers").get(0);
    }
}

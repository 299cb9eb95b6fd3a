package io.procrastinate.testing;

import static io.procrastinate.testing.ProcrastinateAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procrastinate.App;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.job.JobStatus;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.retry.RetryStrategy;
import io.procrastinate.worker.JobResult;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The extension in memory, draining, and the assertions; on PostgreSQL the examples use them. */
@SuppressWarnings("FutureReturnValueIgnored") // the worker handles what a task returns
class ProcrastinateExtensionTest {

    private final List<String> ran = new ArrayList<>();

    @RegisterExtension
    final ProcrastinateExtension queue = ProcrastinateExtension.inMemory().tasks(app -> {
        app.task("note", Note.class).call(note -> {
            ran.add(note.text());
            return Thread.currentThread();
        });
        app.task("flaky")
                .retry(RetryStrategy.builder()
                        .times(1)
                        .wait(Duration.ofMinutes(1))
                        .build())
                .run(args -> {
                    ran.add("flaky");
                    throw new IllegalStateException("broken");
                });
        app.task("stage").call(args -> CompletableFuture.supplyAsync(() -> "done"));
        app.task("again").retry(2).run(args -> {
            ran.add("again");
            throw new IllegalStateException("broken");
        });
    });

    @RepeatedTest(2)
    void givesEachTestAnEmptyQueue(App app) {
        assertThat(app).isSameAs(queue.app());
        assertThat(app).deferredNothing();
        app.configureTask("note").defer(Map.of("text", "left behind"));
    }

    @Test
    void drainsInOrderOnTheCallingThread(App app) {
        note(app, "a", 0);
        note(app, "b", 1);
        long id = app.configureTask("stage").defer(Map.of());

        List<JobResult> results = queue.drain();

        assertThat(ran).containsExactly("b", "a");
        assertThat(results).extracting(JobResult::outcome).containsOnly(Outcome.SUCCEEDED);
        assertThat(results)
                .extracting(JobResult::value)
                .containsExactly(Thread.currentThread(), Thread.currentThread(), "done");
        assertThat(app).hasJob(id, JobStatus.SUCCEEDED);
        assertThat(queue.drain()).isEmpty();
    }

    @Test
    void retriesAsTheStrategySays(App app) {
        long later = app.configureTask("flaky").defer(Map.of());
        long again = app.configureTask("again").defer(Map.of());

        assertThat(queue.drain())
                .extracting(JobResult::outcome)
                .containsExactly(Outcome.RETRIED, Outcome.RETRIED, Outcome.RETRIED, Outcome.FAILED);
        assertThat(app).hasJob(later, JobStatus.TODO).hasJob(again, JobStatus.FAILED);

        queue.advance(Duration.ofMinutes(1));

        assertThat(queue.drain()).extracting(JobResult::outcome).containsExactly(Outcome.FAILED);
        assertThat(ran).containsExactly("flaky", "again", "again", "again", "flaky");
    }

    @Test
    void assertsWhatWasDeferred(App app) {
        Instant noon = Instant.parse("2030-01-01T12:00:00Z");
        app.configureTask("note")
                .queue("q")
                .priority(3)
                .lock("L")
                .queueingLock("Q")
                .at(noon)
                .defer(Map.of("text", "hello"));
        note(app, "other", 0);

        assertThat(app)
                .deferred("note")
                .with(new Note("hello"))
                .withArgument("text", "hello")
                .inQueue("q")
                .withPriority(3)
                .withLock("L")
                .withQueueingLock("Q")
                .scheduledAt(noon)
                .once();
        assertThat(app).deferred("note").times(2);
        assertThat(app).didNotDefer("flaky");
    }

    @Test
    void saysWhatWasFoundInstead(App app) {
        note(app, "hello", 0);

        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> assertThat(app).deferred("flaky"))
                .withMessageContainingAll("flaky", "note[1](text='hello') todo on default");
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> assertThat(app).deferred("note").with(Map.of("text", "bye")))
                .withMessageContainingAll("{text=bye}", "note[1](text='hello')");
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> assertThat(app).deferred("note").times(2))
                .withMessageContaining("Expecting 2 such jobs");
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> assertThat(app).deferredNothing())
                .withMessageContaining("note[1]");
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> assertThat(app).didNotDefer("note"))
                .withMessageContaining("note[1]");
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> assertThat(app).hasJob(1, JobStatus.FAILED))
                .withMessageContaining("it is TODO");
    }

    private static void note(App app, String text, int priority) {
        app.configureTask("note").priority(priority).defer(Map.of("text", text));
    }

    record Note(String text) {}

    /** An application whose app is a constant. */
    @Nested
    class OfAConstant {

        private static final App APP =
                App.builder().connector(new InMemoryConnector()).build();

        @RegisterExtension
        final ProcrastinateExtension replaced =
                ProcrastinateExtension.inMemory().replacing(APP);

        @RepeatedTest(2)
        void worksOnAnotherConnectorMeanwhile() {
            assertThat(replaced.app()).isSameAs(APP);
            assertThat(APP).deferredNothing();
            APP.externalTask("other").defer(Map.of());
            assertThat(APP).deferred("other").once();
        }

        @Test
        void hasItsOwnConnectorAfterwards() throws Exception {
            try (App app = App.builder().connector(new InMemoryConnector()).build()) {
                InMemoryConnector other = new InMemoryConnector();
                other.openAsync(null).toCompletableFuture().join();
                try (App.Replacement replacement = app.replaceConnector(other)) {
                    assertThat(replacement).isNotNull();
                    app.externalTask("other").defer(Map.of());
                }
                assertThat(other.jobs()).hasSize(1);
                assertThatExceptionOfType(AppNotOpenException.class)
                        .isThrownBy(() -> app.externalTask("other").defer(Map.of()));
            }
        }
    }
}

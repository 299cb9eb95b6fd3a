package io.procrastinate.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What an application has around its deferrals, for each way to defer. */
class DeferMiddlewareTest {

    private final InMemoryConnector connector = new InMemoryConnector();
    private final List<String> seen = new ArrayList<>();
    private DeferMiddleware second = (context, next) -> next.run(context.jobs());
    private CurrentTransaction transaction = () -> null;
    private final App app = App.builder()
            .connector(connector)
            .deferMiddleware(this::note)
            .deferMiddleware((context, next) -> second.around(context, next))
            .currentTransaction(() -> transaction.connection())
            .build()
            .open();

    @AfterEach
    void close() {
        app.close();
    }

    private CompletionStage<List<Long>> note(DeferContext context, DeferMiddleware.Next next) {
        String way = context.periodic() ? "periodic " : context.joined() ? "joined " : "";
        return next.run(context.jobs())
                .whenComplete((ids, failure) -> seen.add(way
                        + context.jobs().stream()
                                .map(NewJob::taskName)
                                .distinct()
                                .toList() + " " + context.jobs().size()
                        + " as "
                        + (failure == null
                                ? ids
                                : Stages.cause(failure).getClass().getSimpleName())
                        + " on "
                        + (Thread.currentThread().getName().startsWith("procrastinate") ? "a worker" : "the caller")));
    }

    /** A way to defer one job of the task {@code mail}. */
    interface Way {
        List<Long> defer(App app);
    }

    static Stream<Way> ways() {
        NewJob job = NewJob.of("mail");
        return Stream.of(
                app -> List.of(app.jobManager().defer(job)),
                app -> List.of(Stages.join(app.jobManager().deferAsync(job))),
                app -> app.jobManager().batchDefer(List.of(job)),
                app -> Stages.join(app.jobManager().batchDeferAsync(List.of(job))),
                app -> List.of(app.jobManager().deferAll(List.of(job).iterator(), progress -> {})),
                app -> List.of(
                        Stages.join(app.jobManager().deferAllAsync(List.of(job).iterator(), progress -> {}))),
                app -> List.of(app.externalTask("mail").defer(Map.of())),
                app -> List.of(Stages.join(app.externalTask("mail").deferAsync(Map.of()))),
                app -> List.of(app.externalTask("mail").queueingLock("one").deferOrFind(Map.of())),
                app -> app.externalTask("mail").batchDefer(List.of(Map.of())));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void isAroundEachWayToDefer(Way way) {
        assertThat(way.defer(app)).containsExactly(1L);

        assertThat(seen).containsExactly("[mail] 1 as [1] on the caller");
    }

    @ParameterizedTest
    @MethodSource("ways")
    void aDeferralJoinsTheCurrentTransaction(Way way) {
        transaction = () -> "the application's connection";

        assertThat(root(catchThrowable(() -> way.defer(app))))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("connection");

        assertThat(seen).singleElement().asString().startsWith("joined [mail] 1 as ");
        assertThat(connector.jobs()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("ways")
    void aTransactionThatMustNotBeJoinedRefusesTheDeferral(Way way) {
        transaction = () -> {
            throw new IllegalStateException("the transaction is read-only");
        };

        assertThat(root(catchThrowable(() -> way.defer(app)))).hasMessage("the transaction is read-only");

        assertThat(seen).isEmpty();
        assertThat(connector.jobs()).isEmpty();
    }

    @Test
    void isAroundEachStatementOfALongSource() {
        Iterator<NewJob> source =
                IntStream.range(0, 2500).mapToObj(index -> NewJob.of("mail")).iterator();

        app.jobManager().deferAll(source, progress -> {});

        assertThat(seen.stream().map(line -> line.replaceAll(" as .*", "")))
                .containsExactly("[mail] 1000", "[mail] 1000", "[mail] 500");
    }

    @Test
    void givesHeadersToJobsInMemoryHoweverTheyAreDeferred() {
        second = (context, next) -> next.run(
                context.jobs().stream().map(job -> job.header("by", "me")).toList());
        app.task("tick").periodic("* * * * *").run(args -> {});
        app.jobManager().defer(NewJob.of("mail"));
        app.jobManager().batchDefer(List.of(NewJob.of("mail")));

        try (Worker worker = app.worker(WorkerOptions.builder().queues("none").build())) {
            worker.start();
            await().until(() -> connector.jobs().size() == 3);
        }

        assertThat(connector.jobs()).extracting(Job::headers).containsOnly(Map.of("by", "me"));
    }

    @Test
    void isAroundWhatAWorkerDefersByTheClock() {
        app.task("tick").periodic("* * * * *").run(args -> {});

        try (Worker worker =
                app.worker(WorkerOptions.builder().waitForJobs(true).build())) {
            worker.start();
            await().until(() -> !connector.jobs().isEmpty());
        }

        assertThat(seen).first().asString().isEqualTo("periodic [tick] 1 as [1] on a worker");
    }

    @Test
    void changesJobsForThoseInside() {
        second = (context, next) ->
                next.run(context.jobs().stream().map(job -> job.priority(7)).toList());

        app.jobManager().defer(NewJob.of("mail"));

        assertThat(connector.jobs().get(0).priority()).isEqualTo(7);
    }

    @Test
    void aTakenQueueingLockFailsTheStage() {
        NewJob job = NewJob.of("mail").queueingLock("one");
        app.jobManager().defer(job);

        assertThatThrownBy(() -> app.jobManager().defer(job)).isInstanceOf(AlreadyEnqueuedException.class);

        assertThat(seen).last().isEqualTo("[mail] 1 as AlreadyEnqueuedException on the caller");
    }

    @Test
    void aTakenQueueingLockOfAScheduleFailsTheStageInTheSameWay() {
        app.task("tick").queueingLock("one").periodic("* * * * *").run(args -> {});
        app.externalTask("mail").queueingLock("one").defer(Map.of());

        try (Worker worker = app.worker(WorkerOptions.builder().queues("none").build())) {
            worker.start();
            await().until(() -> seen.size() == 2);
        }

        assertThat(seen).last().isEqualTo("periodic [tick] 1 as AlreadyEnqueuedException on a worker");
    }

    @Test
    void whatIsInsideNeverThrows() {
        List<Throwable> failures = new ArrayList<>();
        second = (context, next) -> next.run(List.of()).whenComplete((ids, failure) -> failures.add(failure));

        assertThatThrownBy(() -> app.jobManager().defer(NewJob.of("mail")))
                .isInstanceOf(IllegalArgumentException.class);

        assertThat(failures).singleElement().isInstanceOf(IllegalArgumentException.class);
    }

    private static Throwable root(Throwable failure) {
        Throwable cause = failure.getCause();
        return cause == null ? failure : root(cause);
    }

    @SuppressWarnings("NullAway") // one returns null although it must not
    static Stream<DeferMiddleware> broken() {
        return Stream.of(
                (context, next) -> {
                    throw new IllegalStateException("so be it");
                },
                (context, next) -> CompletableFuture.failedFuture(new IllegalStateException("so be it")),
                (context, next) -> null,
                (context, next) -> next.run(List.of()),
                (context, next) ->
                        next.run(List.of(context.jobs().get(0), context.jobs().get(0))));
    }

    @ParameterizedTest
    @MethodSource("broken")
    void oneThatIsBrokenDefersNothing(DeferMiddleware broken) {
        second = broken;

        assertThatThrownBy(() -> app.jobManager().defer(NewJob.of("mail")))
                .isInstanceOfAny(IllegalStateException.class, IllegalArgumentException.class)
                .message()
                .containsAnyOf("so be it", "returned null", "but not their number");

        assertThat(connector.jobs()).isEmpty();
        assertThat(seen).hasSize(1);
    }
}

package io.procrastinate.job;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AppNotOpenException;
import io.procrastinate.exception.ConnectorException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Callers who defer at the same time. The database is played: what it answers when is the point. */
class SharedDefersTest {

    private final List<Sent> sent = new CopyOnWriteArrayList<>();
    private final QueryExecutor asynchronous = (query, connection) -> {
        Sent statement = new Sent(query, connection);
        sent.add(statement);
        return statement.answer;
    };
    private final AtomicBoolean mayWait = new AtomicBoolean(true);
    private final JobManager jobs = new JobManager(this::onCallersThread, asynchronous, mayWait::get);

    @Test
    void whoFindsNobodyDeferringGoesAtOnceAndAlone() {
        CompletionStage<Long> first = jobs.deferAsync(job("a"));
        assertThat(names()).containsExactly("defer_job");

        sent.get(0).inserted(1);
        assertThat(Stages.join(first)).isEqualTo(1);
        assertThat(jobs.deferAsync(job("b"))).isNotNull();
        assertThat(names()).containsExactly("defer_job", "defer_job");
    }

    @Test
    void thoseWhoComeMeanwhileShareAStatementInTheirOrder() {
        CompletionStage<Long> first = jobs.deferAsync(job("a"));
        List<CompletionStage<Long>> others = deferAsync(5);
        assertThat(sent).hasSize(1);

        sent.get(0).inserted(1);
        assertThat(names()).containsExactly("defer_job", "defer_jobs");
        assertThat(sent.get(1).rows()).containsSubsequence("job 0", "job 1", "job 2", "job 3", "job 4");
        sent.get(1).ids(11, 12, 13, 14, 15);

        assertThat(Stages.join(first)).isEqualTo(1);
        assertThat(others).extracting(Stages::join).containsExactly(11L, 12L, 13L, 14L, 15L);
    }

    @Test
    void afterARefusalEachGoesAloneAndGetsHisOwn() {
        List<CompletionStage<Long>> others = behindAStatement(3);
        sent.get(1).answer.completeExceptionally(refusal("22P05"));

        assertThat(names()).containsExactly("defer_job", "defer_jobs", "defer_job", "defer_job", "defer_job");
        alone("job 0").inserted(21);
        alone("job 1").answer.completeExceptionally(refusal("54000"));
        alone("job 2").inserted(23);
        assertThat(Stages.join(others.get(0))).isEqualTo(21);
        assertThatExceptionOfType(ConnectorException.class)
                .isThrownBy(() -> Stages.join(others.get(1)))
                .satisfies(refusal -> assertThat(refusal.sqlState()).isEqualTo("54000"));
        assertThat(Stages.join(others.get(2))).isEqualTo(23);
    }

    @Test
    void nobodyGoesAgainWhenItIsNotCertainThatNothingWasStored() {
        List<CompletionStage<Long>> others = behindAStatement(3);
        sent.get(1).answer.completeExceptionally(refusal("57P01"));

        List<ConnectorException> failures = new ArrayList<>();
        for (CompletionStage<Long> other : others) {
            assertThatExceptionOfType(ConnectorException.class)
                    .isThrownBy(() -> Stages.join(other))
                    .satisfies(failure -> assertThat(failure.sqlState()).isEqualTo("57P01"))
                    .satisfies(failure -> assertThat(failure.isTransient()).isTrue())
                    .satisfies(failures::add);
        }
        assertThat(failures).doesNotHaveDuplicates();
        assertThat(sent).hasSize(2);
    }

    @Test
    void goesOnAfterAFailure() {
        List<CompletionStage<Long>> others = behindAStatement(2);
        CompletionStage<Long> later = jobs.deferAsync(job("later"));
        sent.get(1).answer.completeExceptionally(refusal(null));
        sent.get(2).inserted(7);

        assertThat(others).allMatch(stage -> stage.toCompletableFuture().isCompletedExceptionally());
        assertThat(Stages.join(later)).isEqualTo(7);
    }

    @Test
    void whatIsNotSentAtAllFailsForEachByItself() {
        List<CompletionStage<Long>> others = behindAStatement(2);
        sent.get(1).answer.completeExceptionally(new AppNotOpenException("closed meanwhile"));
        sent.get(2).answer.completeExceptionally(new AppNotOpenException("closed"));
        sent.get(3).answer.completeExceptionally(new AppNotOpenException("closed"));

        assertThat(others)
                .allSatisfy(other ->
                        assertThatExceptionOfType(AppNotOpenException.class).isThrownBy(() -> Stages.join(other)));
    }

    @Test
    void jobsThatMayHaveToWaitForOthersGoAlone() {
        assertThat(jobs.deferAsync(job("a"))).isNotNull();
        assertThat(jobs.deferAsync(job("locked").queueingLock("one"))).isNotNull();
        assertThat(jobs.on("connection").deferAsync(job("transaction"))).isNotNull();

        assertThat(names()).containsExactly("defer_job", "defer_job", "defer_job");
        assertThat(sent).extracting(statement -> statement.connection).containsExactly(null, null, "connection");
    }

    @Test
    void longArgumentsDoNotGatherWithoutBound() {
        assertThat(jobs.deferAsync(job("first"))).isNotNull();
        String longArgs = "{\"text\": \"" + "x".repeat(600_000) + "\"}";
        for (int count = 0; count < 3; count++) {
            assertThat(jobs.deferAsync(job("long").args(longArgs))).isNotNull();
        }
        for (int number = 0; number < 4; number++) {
            sent.get(number).inserted(number);
        }
        assertThat(names()).containsExactly("defer_job", "defer_job", "defer_job", "defer_job");
    }

    @Test
    void blockingCallersTakeTurnsOnTheirOwnThreads() throws Exception {
        FutureTask<Long> leader = blockingCall("leader");
        await().until(() -> sent.size() == 1);
        List<FutureTask<Long>> others = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int number = 0; number < 4; number++) {
            FutureTask<Long> call = new FutureTask<>(() -> jobs.defer(job("other")));
            Thread thread = new Thread(call);
            others.add(call);
            threads.add(thread);
            thread.start();
        }
        await().until(() -> threads.stream().allMatch(SharedDefersTest::waits));
        threads.forEach(Thread::interrupt);
        assertThat(sent).hasSize(1);

        sent.get(0).inserted(1);
        assertThat(leader.get()).isEqualTo(1);
        await().until(() -> sent.size() == 2);
        assertThat(threads).contains(sent.get(1).thread);
        sent.get(1).ids(5, 6, 7, 8);
        List<Long> ids = new ArrayList<>();
        for (FutureTask<Long> other : others) {
            ids.add(other.get());
        }
        assertThat(ids).containsExactlyInAnyOrder(5L, 6L, 7L, 8L);
    }

    @Test
    void aThreadThatMustNotWaitIsNotKeptWaitingForOthers() throws Exception {
        FutureTask<Long> leader = blockingCall("leader");
        await().until(() -> sent.size() == 1);
        mayWait.set(false);
        FutureTask<Long> other = blockingCall("other");
        await().until(() -> sent.size() == 2);

        sent.get(1).inserted(2);
        assertThat(other.get()).isEqualTo(2);
        assertThat(leader.isDone()).isFalse();
        sent.get(0).inserted(1);
        assertThat(leader.get()).isEqualTo(1);
    }

    @Test
    void whatDefersWhileItsOwnStatementIsUnderWayDoesNotWaitForItself() {
        AtomicReference<@Nullable JobManager> manager = new AtomicReference<>();
        QueryExecutor logging = (query, connection) -> {
            if ("outer".equals(query.value("task_name"))) {
                assertThat(requireNonNull(manager.get()).defer(job("inner"))).isEqualTo(3);
            }
            return CompletableFuture.completedFuture(
                    List.of(Row.columns(List.of("id", "inserted")).row(3L, true)));
        };
        manager.set(new JobManager(logging, logging, () -> true));

        assertThat(requireNonNull(manager.get()).defer(job("outer"))).isEqualTo(3);
    }

    /** Waits on the caller's thread, as a driver does. */
    private CompletionStage<List<Row>> onCallersThread(BoundQuery query, @Nullable Object connection) {
        Sent statement = new Sent(query, connection);
        sent.add(statement);
        CountDownLatch answered = new CountDownLatch(1);
        CompletionStage<List<Row>> watched = statement.answer.whenComplete((rows, failure) -> answered.countDown());
        boolean interrupted = false;
        while (answered.getCount() > 0) {
            try {
                answered.await();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return watched;
    }

    private static boolean waits(Thread thread) {
        return thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING;
    }

    private FutureTask<Long> blockingCall(String task) {
        FutureTask<Long> call = new FutureTask<>(() -> jobs.defer(job(task)));
        new Thread(call).start();
        return call;
    }

    /** Waits until the second statement, for this many callers, is running. */
    private List<CompletionStage<Long>> behindAStatement(int callers) {
        assertThat(jobs.deferAsync(job("first"))).isNotNull();
        List<CompletionStage<Long>> others = deferAsync(callers);
        sent.get(0).inserted(1);
        return others;
    }

    private List<CompletionStage<Long>> deferAsync(int count) {
        return IntStream.range(0, count)
                .mapToObj(number -> jobs.deferAsync(job("job " + number)))
                .toList();
    }

    private List<String> names() {
        return sent.stream().map(statement -> statement.query.query().name()).toList();
    }

    private Sent alone(String task) {
        return sent.stream()
                .filter(statement -> statement.query.query().name().equals("defer_job")
                        && task.equals(statement.query.value("task_name")))
                .findFirst()
                .orElseThrow();
    }

    private static NewJob job(String task) {
        return NewJob.of(task).queue("queue");
    }

    private static ConnectorException refusal(@Nullable String sqlState) {
        return SqlState.exception("query defer_jobs", sqlState, "no", null, null);
    }

    /** A statement that was sent, and waits to be answered. */
    private static final class Sent {

        private final BoundQuery query;
        private final @Nullable Object connection;
        private final Thread thread = Thread.currentThread();
        private final CompletableFuture<List<Row>> answer = new CompletableFuture<>();

        Sent(BoundQuery query, @Nullable Object connection) {
            this.query = query;
            this.connection = connection;
        }

        String rows() {
            return String.valueOf(query.value("jobs"));
        }

        void inserted(long id) {
            answer.complete(List.of(Row.columns(List.of("id", "inserted")).row(id, true)));
        }

        void ids(long... ids) {
            Row.Columns columns = Row.columns(List.of("id"));
            answer.complete(IntStream.range(0, ids.length)
                    .mapToObj(index -> columns.row(ids[index]))
                    .toList());
        }
    }
}

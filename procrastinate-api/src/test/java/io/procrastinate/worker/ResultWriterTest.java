package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.Row;
import io.procrastinate.connector.SqlState;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobStatus;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is stored of runs whose job was changed meanwhile, and while the database refuses or does not answer. */
class ResultWriterTest {

    private final InMemoryConnector connector = new InMemoryConnector();
    private final App app = App.builder().connector(connector).build().open();
    private final WorkerOptions options = WorkerOptions.defaults();
    private final List<Ending> stored = new ArrayList<>();
    private final List<String> sent = new ArrayList<>();
    private boolean fetchesOn = true;
    private boolean nothingRuns = true;
    private Function<BoundQuery, CompletionStage<List<Row>>> database = connector::execute;
    private final WorkerStore store = new WorkerStore((query, connection) -> database.apply(query));
    private final JobRunner runner = new JobRunner(
            options,
            new WorkerLog(options, () -> 1),
            Runnable::run,
            app.tasks(),
            app.jobManager(),
            ending -> {},
            () -> {},
            () -> {});
    private final Registration registration = new Registration(options, store, runner);
    private LongSupplier clock = System::nanoTime;
    private final ResultWriter writer = new ResultWriter(
            store, registration, () -> fetchesOn, () -> nothingRuns, stored::add, () -> clock.getAsLong());
    private final OutcomeDecider outcomes = new OutcomeDecider(options, app.tasks());

    @BeforeEach
    void registerTask() {
        app.task("work").run(args -> {});
    }

    @AfterEach
    void close() {
        app.close();
    }

    private long defer() {
        return app.configureTask("work").defer(Map.of());
    }

    private List<RunningJob> fetch() {
        List<RunningJob> runs = new ArrayList<>();
        for (Job job : store.fetch(registration.id(), null, 10)) {
            runs.add(new RunningJob(job, registration.id(), options, app.tasks(), app.jobManager(), () -> {}));
        }
        return runs;
    }

    /** The next statement of this name is executed, but its answer is lost. */
    private void loseAnswer(String name) {
        database = query -> {
            CompletionStage<List<Row>> answer = connector.execute(query);
            if (!query.query().name().equals(name)) {
                return answer;
            }
            database = connector::execute;
            return CompletableFuture.failedFuture(new ConnectorException("connection lost", "08006", true, null));
        };
    }

    /** Makes statements of this name fail a number of times before they are executed. */
    private void fail(String name, int times, String sqlState) {
        database = query -> {
            sent.add(query.query().name());
            return query.query().name().equals(name)
                            && sent.stream().filter(name::equals).count() <= times
                    ? CompletableFuture.failedFuture(SqlState.exception(name, sqlState, "so be it", null, null))
                    : connector.execute(query);
        };
    }

    private RunningJob deferred() {
        defer();
        return fetch().get(0);
    }

    private Ending givenBack(RunningJob run) {
        return outcomes.failed(run, Outcome.GIVEN_BACK, null, null);
    }

    private void writeWhatArrived() {
        while (writer.write().equals(Duration.ZERO)) {
            assertThat(writer.unstored()).isPositive();
        }
    }

    /** Stores a result in a statement that takes a while; returns the pause after another one has arrived meanwhile. */
    private Duration pauseAfterASlowStatement() {
        RunningJob first = deferred();
        RunningJob second = deferred();
        AtomicLong now = new AtomicLong(clock.getAsLong());
        clock = now::get;
        database = query -> {
            now.addAndGet(Duration.ofMillis(50).toNanos());
            return connector.execute(query);
        };
        nothingRuns = true;
        writer.add(outcomes.success(first, null));
        writer.write();
        nothingRuns = false;
        writer.add(outcomes.success(second, null));
        Duration pause = writer.write();
        database = connector::execute;
        return pause;
    }

    @Test
    void waitsForFurtherResultsNoLongerThanSomethingRuns() {
        assertThat(pauseAfterASlowStatement()).isEqualTo(Duration.ofMillis(20));
        assertThat(writer.unstored()).isEqualTo(1);
        assertThat(writer.wantsResults()).isFalse();

        nothingRuns = true;

        assertThat(writer.wantsResults()).isTrue();
        writer.write();
        assertThat(writer.unstored()).isZero();
    }

    @Test
    void storesAtOnceWhatOthersWaitFor() {
        assertThat(pauseAfterASlowStatement()).isPositive();
        app.configureTask("work").lock("door").defer(Map.of());

        writer.add(outcomes.success(fetch().get(0), null));

        assertThat(writer.wantsResults()).isTrue();
        writer.write();
        assertThat(writer.unstored()).isZero();
    }

    @Test
    void tellsTwoRunsOfAJobApart() {
        long id = defer();
        RunningJob first = fetch().get(0);
        app.jobManager().retry(id, RetryDecision.now());
        RunningJob second = fetch().get(0);

        writer.add(outcomes.success(first, null));
        writer.add(outcomes.success(second, null));
        writeWhatArrived();

        assertThat(stored).extracting(Ending::run).containsExactly(first, second);
        assertThat(stored).extracting(Ending::outcome).containsExactly(Outcome.LOST, Outcome.SUCCEEDED);
        assertThat(connector.jobs().get(0).attempts()).isEqualTo(2);
    }

    @Test
    void doesNotTakeAwayTheNextRunOfAJobThatItHasGivenBackUnanswered() {
        writer.add(givenBack(deferred()));
        loseAnswer("give_back");
        assertThatThrownBy(writer::write).isInstanceOf(ConnectorException.class);
        RunningJob next = fetch().get(0);

        writer.write();

        assertThat(connector.jobs()).extracting(Job::status).containsExactly(JobStatus.DOING);
        assertThat(writer.outstanding()).isEmpty();
        writer.add(outcomes.success(next, null));
        writeWhatArrived();
        assertThat(stored).extracting(Ending::outcome).containsExactly(Outcome.SUCCEEDED);
    }

    @Test
    void leavesWhatItCouldNotGiveBackToTheFetcher() {
        writer.add(givenBack(deferred()));
        assertThat(writer.hasLeftUnsure()).isFalse();
        loseAnswer("give_back");

        assertThatThrownBy(writer::write).isInstanceOf(ConnectorException.class);

        assertThat(writer.hasLeftUnsure()).isTrue();
        assertThat(writer.takeLeftUnsure()).isTrue();
        assertThat(writer.takeLeftUnsure()).isFalse();
    }

    @Test
    void givesBackUntilItIsAnsweredOnceNothingIsFetchedAnyMore() {
        fetchesOn = false;
        writer.add(givenBack(deferred()));
        loseAnswer("give_back");
        assertThatThrownBy(writer::write).isInstanceOf(ConnectorException.class);

        writer.write();

        assertThat(stored).extracting(Ending::outcome).containsExactly(Outcome.GIVEN_BACK);
        assertThat(connector.jobs()).extracting(Job::status).containsExactly(JobStatus.TODO);
    }

    @Test
    void storesEachRowAloneWhereABatchWaitsForAnotherTransaction() {
        defer();
        defer();
        fetch().forEach(run -> writer.add(outcomes.success(run, null)));
        fail("finish_jobs_plain", 2, "57014");

        writer.write();

        assertThat(connector.jobs()).extracting(Job::status).containsExactly(JobStatus.DOING, JobStatus.SUCCEEDED);
        assertThat(writer.unstored()).isEqualTo(1);
    }

    @Test
    void storesWhatArrivesWithoutTryingFirstWhatWasPutOff() {
        writer.add(outcomes.success(deferred(), null));
        fail("finish_jobs_plain", 1, "57014");
        assertThat(writer.write()).isPositive();
        writer.add(outcomes.success(deferred(), null));

        assertThat(writer.write()).isPositive();

        assertThat(sent).filteredOn("finish_jobs_plain"::equals).hasSize(2);
        assertThat(connector.jobs()).extracting(Job::status).containsExactly(JobStatus.DOING, JobStatus.SUCCEEDED);
    }

    private Ending retried(RunningJob run) {
        return outcomes.failed(run, Outcome.RETRIED, new IllegalStateException("not yet"), RetryDecision.now());
    }

    @Test
    void looksAgainWhereAJobWithTheSameQueueingLockCameBetween() {
        writer.add(retried(deferred()));
        fail("retry_jobs_plain", 1, "23505");

        writer.write();

        assertThat(stored).extracting(Ending::outcome).containsExactly(Outcome.RETRIED);
        assertThat(connector.jobs()).extracting(Job::status).containsExactly(JobStatus.TODO);
    }

    @ParameterizedTest
    @ValueSource(strings = {"23505", "XX000", "58030"})
    void keepsARetryThatIsNotToBlameForItsFailure(String sqlState) {
        writer.add(retried(deferred()));
        fail("retry_jobs_plain", 2, sqlState);

        assertThat(writer.write()).isPositive();

        assertThat(stored).isEmpty();
        assertThat(writer.unstored()).isEqualTo(1);
        assertThat(sent).doesNotContain("finish_jobs_plain");
    }

    /** The database takes no retries, but statements about none. */
    private void refuseRetries(String sqlState) {
        database = query -> query.query().name().equals("retry_jobs_plain") && !"[]".equals(query.value("retries"))
                ? CompletableFuture.failedFuture(
                        SqlState.exception("retry_jobs_plain", sqlState, "so be it", null, null))
                : connector.execute(query);
    }

    private void writeUntil(Callable<Boolean> condition) {
        await().until(() -> {
            try {
                writer.write();
            } catch (ConnectorException e) {
                // As a worker does, once more in a moment.
            }
            return condition.call();
        });
    }

    @Test
    void storesARetryThatIsRefusedForWhatItAsksAsAFailure() {
        writer.add(retried(deferred()));
        refuseRetries("22001");

        writeUntil(() -> !stored.isEmpty());

        assertThat(stored).extracting(Ending::outcome).containsExactly(Outcome.FAILED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"42501", "P0001", "42883", "42P01", "53100", "25006", "53200", "53300", "57P03"})
    void keepsTheEndingWhileTheDatabaseRefuses(String sqlState) {
        writer.add(retried(deferred()));
        fail("retry_jobs_plain", 2, sqlState);

        writeUntil(() -> writer.unstored() == 0);

        assertThat(stored).extracting(Ending::outcome).containsExactly(Outcome.RETRIED);
        assertThat(sent).doesNotContain("finish_jobs_plain");
    }

    @Test
    void givesBackWhatIsRefusedForAWhile() {
        fetchesOn = false;
        writer.add(givenBack(deferred()));
        fail("give_back", 2, "P0001");

        writeUntil(() -> writer.unstored() == 0);

        assertThat(stored).extracting(Ending::outcome).containsExactly(Outcome.GIVEN_BACK);
        assertThat(connector.jobs()).extracting(Job::status).containsExactly(JobStatus.TODO);
        assertThat(connector.jobs()).extracting(Job::attempts).containsExactly(0);
    }

    @Test
    void deletesWhatMayNotBeDeletedForAWhile() {
        RunningJob run = deferred();
        WorkerOptions deleting =
                options.toBuilder().deleteJobs(DeleteJobs.SUCCESSFUL).build();
        writer.add(new OutcomeDecider(deleting, app.tasks()).success(run, null));
        fail("finish_jobs_plain", 2, "42501");

        writeUntil(() -> writer.unstored() == 0);

        assertThat(connector.jobs()).isEmpty();
    }

    @Test
    void saysSoWhereTheDatabaseTakesNothingAndStoresAllOnceItDoes() {
        for (int n = 0; n < 5; n++) {
            defer();
        }
        fetch().forEach(run -> writer.add(retried(run)));
        refuseRetries("P0001");
        assertThatThrownBy(writer::write).isInstanceOf(ConnectorException.class).hasMessageContaining("so be it");
        assertThatThrownBy(writer::write).isInstanceOf(ConnectorException.class).hasMessageContaining("so be it");

        database = connector::execute;

        writeUntil(() -> writer.unstored() == 0);
        assertThat(stored).extracting(Ending::outcome).hasSize(5).containsOnly(Outcome.RETRIED);
    }

    @Test
    void manyRowsThatAreRefusedKeepNoOtherFromBeingStored() {
        for (int n = 0; n < 10; n++) {
            defer();
        }
        fetch().forEach(run -> writer.add(retried(run)));
        refuseRetries("P0001");
        for (int round = 0; round < 4; round++) {
            assertThatThrownBy(writer::write).isInstanceOf(ConnectorException.class);
        }
        writer.add(outcomes.success(deferred(), null));

        assertThatThrownBy(writer::write).isInstanceOf(ConnectorException.class);

        assertThat(stored).extracting(Ending::outcome).containsExactly(Outcome.SUCCEEDED);
    }

    @Test
    void aRowThatIsRefusedTakesNoSlotFromOthers() {
        writer.add(retried(deferred()));
        assertThat(writer.holdingSlots()).isOne();
        refuseRetries("P0001");

        writer.write();

        assertThat(writer.holdingSlots()).isZero();
        assertThat(writer.unstored()).isOne();
        writer.add(outcomes.success(deferred(), null));
        writer.write();
        assertThat(stored).extracting(Ending::outcome).containsExactly(Outcome.SUCCEEDED);
    }
}

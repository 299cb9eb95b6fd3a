package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.connector.SqlState;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.job.Job;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.worker.JobResult.Outcome;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether a refused row or the database is at fault. The clock is moved by hand. */
class RefusalCheckTest {

    private final App app = App.builder().connector(new InMemoryConnector()).build();
    private final WorkerOptions options = WorkerOptions.defaults();
    private final Ending row = retry(1);
    private final Ending other = retry(2);
    private long now;
    private boolean databaseIsWell = true;
    private final RefusalCheck check = new RefusalCheck(() -> now);

    private Ending retry(long id) {
        Job job = Job.builder(id, "work").workerId(1L).build();
        RunningJob run = new RunningJob(job, 1, options, app.tasks(), app.jobManager(), () -> {});
        return new OutcomeDecider(options, app.tasks()).failed(run, Outcome.RETRIED, null, RetryDecision.now());
    }

    private boolean isRowAtFault(Ending ending, String sqlState) {
        ConnectorException refusal = SqlState.exception("storing", sqlState, "refused", null, null);
        return check.isRowAtFault(ending, refusal, () -> {
            if (!databaseIsWell) {
                throw refusal;
            }
        });
    }

    /** Refuses a row a number of times, twenty seconds apart; returns whether it is finally at fault. */
    private boolean isRowAtFaultAfter(int times, String sqlState, Runnable between) {
        boolean atFault = false;
        for (int time = 0; time < times; time++) {
            atFault = isRowAtFault(row, sqlState);
            between.run();
            now += TimeUnit.SECONDS.toNanos(20);
        }
        return atFault;
    }

    @ParameterizedTest
    @ValueSource(strings = {"42501", "P0001", "42883", "3F000", "38000"})
    void theDatabaseIsWhereNothingElseIsStored(String sqlState) {
        assertThat(isRowAtFaultAfter(100, sqlState, () -> {})).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"42501", "P0001"})
    void theRowIsWhereOthersAreStoredForAMinute(String sqlState) {
        assertThat(isRowAtFaultAfter(3, sqlState, () -> check.stored(other))).isFalse();
        assertThat(isRowAtFaultAfter(3, sqlState, () -> check.stored(other))).isTrue();
    }

    @Test
    void theRowIsWhereItsDataAreRefusedThoughTheDatabaseIsWell() {
        assertThat(isRowAtFaultAfter(2, "22001", () -> {})).isFalse();
        assertThat(isRowAtFault(row, "22001")).isTrue();
    }

    @Test
    void theDatabaseIsWhereItTakesNoStatementOfTheKind() {
        databaseIsWell = false;

        assertThat(isRowAtFaultAfter(100, "22001", () -> {})).isFalse();
    }

    @Test
    void itIsNotClearAtOnceWhereTheDataOfSeveralAreRefused() {
        isRowAtFault(other, "23514");
        for (int time = 0; time < 5; time++) {
            assertThat(isRowAtFault(row, "23514")).isFalse();
        }
        now += TimeUnit.MINUTES.toNanos(1);
        assertThat(isRowAtFault(row, "23514")).isTrue();
    }

    @Test
    void whatWasStoredBeforeSpeaksForNobody() {
        check.stored(other);

        assertThat(isRowAtFaultAfter(100, "P0001", () -> {})).isFalse();
    }
}

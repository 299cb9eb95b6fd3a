package io.procrastinate.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.job.NewJob;
import io.procrastinate.tck.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Workers catch up with the times of one schedule together; each time, one is blocked and another overtakes it. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OvertakenTickTest {

    private final TestDatabase database = TestDatabase.withSchema();
    private final App app = App.create(database.settings());
    private final WorkerStore store = WorkerStore.over((AsyncConnector) app.connector());

    @BeforeEach
    void open() {
        app.openAsync().toCompletableFuture().join();
        assertThat(defer(0)).isPresent();
    }

    @AfterEach
    void close() {
        app.close();
        database.close();
    }

    /**
     * To the waiter for time 1 the transaction looks like two in quick succession: when it may continue, time 1 is
     * forgotten.
     */
    @Test
    void aTimeThatWasForgottenMeanwhileIsNotDeferredAgain() throws SQLException {
        CompletableFuture<Optional<Long>> waiting;
        try (Connection other = database.connect()) {
            other.setAutoCommit(false);
            deferOn(other, 1);
            deferOn(other, 2);
            waiting = deferAndWait(1);
            other.commit();
        }

        await().atMost(Duration.ofSeconds(30)).until(waiting::isDone);
        assertThat(times()).containsExactly("0", "1", "2");
        assertThatThrownBy(waiting::join)
                .hasCauseInstanceOf(ConnectorException.class)
                .hasMessageContaining("overtaken");
        assertThat(defer(1)).isEmpty();
        assertThat(times()).containsExactly("0", "1", "2");
    }

    @Test
    void aTimeThatIsDeferredMeanwhileIsLeftAlone() throws SQLException {
        CompletableFuture<Optional<Long>> waiting;
        try (Connection other = database.connect()) {
            other.setAutoCommit(false);
            deferOn(other, 1);
            waiting = deferAndWait(1);
            other.commit();
        }

        assertThat(waiting.join()).isEmpty();
        assertThat(times()).containsExactly("0", "1");
    }

    @Test
    void aTimeAheadOfAnotherIsDeferredAtTheSecondTry() throws SQLException {
        CompletableFuture<Optional<Long>> waiting;
        try (Connection other = database.connect()) {
            other.setAutoCommit(false);
            deferOn(other, 1);
            waiting = deferAndWait(2);
            other.commit();
        }

        assertThatThrownBy(waiting::join).hasMessageContaining("overtaken");
        assertThat(times()).containsExactly("0", "1");
        assertThat(defer(2)).isPresent();
        assertThat(times()).containsExactly("0", "1", "2");
    }

    private Optional<Long> defer(long time) {
        NewJob job = NewJob.of("tick").queue("q").args(args(time));
        return Optional.ofNullable(store.deferPeriodic(job, "", Instant.ofEpochSecond(time)));
    }

    private CompletableFuture<Optional<Long>> deferAndWait(long time) {
        CompletableFuture<Optional<Long>> deferred = CompletableFuture.supplyAsync(() -> defer(time));
        await().atMost(Duration.ofSeconds(30))
                .until(() ->
                        database.number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND"
                                        + " wait_event_type = 'Lock' AND query LIKE"
                                        + " '%procrastinate_defer_periodic_job_v2%'")
                                == 1);
        return deferred;
    }

    /** Defers as Procrastinate for Python does. */
    private static void deferOn(Connection connection, long time) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("SELECT procrastinate_defer_periodic_job_v2('q', NULL, NULL, 'tick', 0, '', " + time
                    + ", '" + args(time) + "')");
        }
    }

    private static String args(long time) {
        return "{\"timestamp\": " + time + "}";
    }

    private Iterable<String> times() {
        return database.texts("SELECT args ->> 'timestamp' FROM procrastinate_jobs ORDER BY 1");
    }
}

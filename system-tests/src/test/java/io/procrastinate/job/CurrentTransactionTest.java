package io.procrastinate.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procrastinate.App;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.NoResultException;
import io.procrastinate.fixture.Site;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Deferrals in the transaction of the calling thread, on a real server. */
class CurrentTransactionTest {

    private static final ThreadLocal<@Nullable Object> CURRENT = new ThreadLocal<>();

    private final Site site = new Site();
    private final List<Boolean> joined = new ArrayList<>();
    private final App app = App.builder()
            .connector((AsyncConnector) site.app.connector())
            .currentTransaction(CURRENT::get)
            .deferMiddleware((context, next) -> {
                joined.add(context.joined());
                return next.run(context.jobs());
            })
            .build();
    private final JobManager jobs = app.jobManager();
    private Connection transaction;

    @BeforeEach
    void begin() throws SQLException {
        transaction = site.database.connect();
        transaction.setAutoCommit(false);
        CURRENT.set(transaction);
    }

    @AfterEach
    void close() throws SQLException {
        CURRENT.remove();
        transaction.close();
        site.close();
    }

    private long stored() {
        return site.number("SELECT count(*) FROM procrastinate_jobs");
    }

    private void deferInEveryWay() {
        NewJob job = NewJob.of("mail");
        jobs.defer(job);
        Stages.join(jobs.deferAsync(job));
        jobs.batchDefer(List.of(job, job));
        Stages.join(jobs.batchDeferAsync(List.of(job)));
        jobs.deferAll(List.of(job).iterator(), progress -> {});
        app.externalTask("mail").queueingLock("one").defer(Map.of());
    }

    @Test
    void theyExistWhenItCommitsAndNeverIfItRollsBack() throws SQLException {
        deferInEveryWay();
        transaction.rollback();
        assertThat(stored()).isZero();

        deferInEveryWay();
        assertThat(stored()).isZero();
        transaction.commit();

        assertThat(stored()).isEqualTo(7);
        assertThat(joined).hasSize(12).containsOnly(true);
    }

    @Test
    void aTakenQueueingLockLeavesItAsItWas() throws SQLException {
        NewJob job = NewJob.of("mail").queueingLock("one");
        jobs.defer(job);
        assertThatThrownBy(() -> jobs.defer(job)).isInstanceOf(AlreadyEnqueuedException.class);
        jobs.defer(NewJob.of("mail"));
        transaction.commit();

        assertThat(stored()).isEqualTo(2);
    }

    @Test
    void nothingButDeferralsJoinsIt() throws SQLException {
        long id = jobs.defer(NewJob.of("mail"));

        assertThat(jobs.list(JobFilter.ALL)).isEmpty();
        assertThatThrownBy(() -> jobs.status(id)).isInstanceOf(NoResultException.class);
        assertThat(jobs.cancel(id)).isFalse();
        assertThat(jobs.on(transaction).cancel(id)).isTrue();
        transaction.commit();

        assertThat(jobs.status(id)).isEqualTo(JobStatus.CANCELLED);
    }

    @Test
    void otherThreadsAndConnectionsThatAreNamedDoNotJoinIt() throws SQLException {
        CompletableFuture.runAsync(() -> jobs.defer(NewJob.of("mail"))).join();
        try (Connection named = site.database.connect()) {
            jobs.on(named).defer(NewJob.of("mail"));
        }
        transaction.rollback();

        assertThat(stored()).isEqualTo(2);
        assertThat(joined).containsExactly(false, true);
    }

    @Test
    void oneOfAnotherKindIsRefusedBeforeAnythingIsSent() {
        CURRENT.set("no connection");

        assertThatThrownBy(() -> jobs.defer(NewJob.of("mail")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("java.lang.String");
        assertThatThrownBy(() -> Stages.join(jobs.deferAsync(NewJob.of("mail"))))
                .isInstanceOf(ConnectorException.class);
        assertThat(stored()).isZero();
    }
}

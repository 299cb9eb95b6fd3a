package io.procrastinate.tck;

import static io.procrastinate.tck.Sql.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.procrastinate.App;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Connector;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.BlockingNotAllowedException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.NewJob;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Concurrent deferrals share statements, and nothing else. */
abstract class SharedDeferContract extends AppContract {

    private static final String SHARE =
            "Concurrent calls without a queueing lock, and not on a connection of the caller, share statements; each"
                    + " still gets its own id or its own exception, and is complete when its job is committed.";

    SharedDeferContract(ConnectorTck tck, Calls calls) {
        super(tck, calls);
    }

    @Test
    @Needs(Capability.SQL)
    @Promise(
            of = JobManager.class,
            says = SHARE,
            lookAt = "the errors contract: the SQLSTATE shows whether a statement was refused or its outcome is"
                    + " unknown")
    void callersAtTheSameTimeGetTheirOwnIdsAndErrors() throws Exception {
        App app = app();
        List<CompletableFuture<Long>> calls = new ArrayList<>();
        try (Connection other = database().connect()) {
            holdDefers(other);
            // No index accepts a row as long as this one, which does not compress.
            String tooLong = new Random(1)
                    .ints(20_000, 33, 127)
                    .mapToObj(Character::toString)
                    .collect(Collectors.joining());
            for (int number = 0; number < 12; number++) {
                calls.add(deferring(app, number == 7 ? job("bad").lock(tooLong) : job("good")));
            }
            awaitDefersHeld();
        }
        List<Long> ids = new ArrayList<>();
        for (int number = 0; number < calls.size(); number++) {
            CompletableFuture<Long> call = calls.get(number);
            if (number == 7) {
                Throwable failure = catchThrowable(() -> Stages.join(call, Patience.bound()));
                assertThat(failure)
                        .as("what the caller of a job that cannot be stored gets")
                        .isInstanceOf(ConnectorException.class);
            } else {
                ids.add(Stages.join(call, Patience.bound()));
            }
        }
        assertThat(app.jobManager().list(JobFilter.ALL)).extracting(Job::id).containsExactlyInAnyOrderElementsOf(ids);
        assertThat(ids).hasSize(11).doesNotHaveDuplicates();
    }

    @Test
    @Needs(Capability.SQL)
    @Promise(
            of = JobManager.class,
            says = SHARE,
            lookAt = "a lost connection: its statement must fail, and must not be sent again")
    void aLostConnectionFailsAllWhoShareItAndStoresNoJobTwice() throws Exception {
        App app = app();
        defer(app, job("before"), null);
        List<CompletableFuture<Long>> calls = new ArrayList<>();
        try (Connection other = database().connect()) {
            holdDefers(other);
            for (int number = 0; number < 8; number++) {
                calls.add(deferring(app, job("shared")));
            }
            awaitDefersHeld();
            database().terminate(TestDatabase.UNDER_TEST);
        }
        int deferred = 0;
        for (CompletableFuture<Long> call : calls) {
            Throwable failure = catchThrowable(() -> Stages.join(call, Patience.bound()));
            if (failure == null) {
                deferred++;
            } else {
                assertThat(failure).isInstanceOf(ConnectorException.class);
                assertThat(((ConnectorException) failure).isTransient()).isTrue();
            }
        }
        assertThat(deferred).as("calls that succeeded").isLessThan(calls.size());
        assertThat(app.jobManager().list(JobFilter.ALL.taskName("shared"))).hasSize(deferred);
    }

    @Test
    @Needs(Capability.SQL)
    @Promise(
            of = {Connector.class, JobManager.class},
            says = {
                "Blocking calls on such a thread fail immediately, whether they would wait for the database or for"
                        + " another caller, with BlockingNotAllowedException.",
                SHARE
            },
            lookAt = "isOnNonBlockingThread() of the connector that sync() returns")
    void aThreadThatMustNotWaitDoesNotWaitForOtherCallers() throws Exception {
        App app = app();
        CompletableFuture<Long> held;
        CompletableFuture<@Nullable Throwable> refusal = new CompletableFuture<>();
        try (Connection other = database().connect()) {
            holdDefers(other);
            held = inBackground(() -> app.jobManager().defer(job("held")));
            awaitDefersHeld();
            if (app.connector() instanceof AsyncConnector connector) {
                assertThat(connector.execute(sql("SELECT pg_sleep(0.2)")).whenComplete((rows, failure) -> {
                            refusal.complete(
                                    connector.isOnNonBlockingThread()
                                            ? catchThrowable(
                                                    () -> app.jobManager().defer(job("refused")))
                                            : null);
                        }))
                        .isNotNull();
                Throwable failure = refusal.get(Patience.bound().toSeconds(), TimeUnit.SECONDS);
                assertThat(failure == null || failure instanceof BlockingNotAllowedException)
                        .as("refused at once: " + failure)
                        .isTrue();
            }
            assertThat(held).isNotDone();
        }
        assertThat(Stages.join(held, Patience.bound())).isPositive();
    }

    private static void holdDefers(Connection other) throws SQLException {
        other.setAutoCommit(false);
        try (Statement statement = other.createStatement()) {
            statement.execute("LOCK TABLE procrastinate_jobs IN SHARE MODE");
        }
    }

    private void awaitDefersHeld() {
        Patience.await("a deferral to wait for the table")
                .until(() -> database()
                                .number("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation ="
                                        + " 'procrastinate_jobs'::regclass AND database = (SELECT oid FROM"
                                        + " pg_database WHERE datname = current_database())")
                        > 0);
    }

    private CompletableFuture<Long> deferring(App app, NewJob job) {
        return inBackground(() -> defer(app, job, null));
    }

    private static CompletableFuture<Long> inBackground(Supplier<Long> call) {
        CompletableFuture<Long> outcome = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        outcome.complete(call.get());
                    } catch (RuntimeException e) {
                        outcome.completeExceptionally(e);
                    }
                },
                "tck-caller");
        thread.setDaemon(true);
        thread.start();
        return outcome;
    }
}

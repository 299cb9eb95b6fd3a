package io.procrastinate.connector.vertx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.procrastinate.App;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.BlockingNotAllowedException;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.NewJob;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.tck.TestDatabase;
import io.procrastinate.worker.WorkerOptions;
import io.vertx.core.Vertx;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * An app's blocking calls on an event loop of the application are refused immediately, whatever they would wait for.
 */
class VertxAppTest {

    private static final NewJob JOB = NewJob.of("task");

    private final TestDatabase database = TestDatabase.create();
    private final VertxConnector connector = VertxConnector.create(database.settings());
    private final Vertx vertx = Vertx.vertx();

    @AfterEach
    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(Database.BOUND.toSeconds(), TimeUnit.SECONDS);
        Database.await(connector.closeAsync());
        database.close();
    }

    @Test
    void openNothing() throws Exception {
        App app = App.builder().connector(connector).build();

        assertRefused(() -> app.worker(WorkerOptions.defaults()), "app.openAsync()");
        assertRefused(app::drain, "app.openAsync()");
        assertThat(connector.isOpen()).isFalse();
    }

    @Test
    void doNotWaitForOtherCallersEither() throws Exception {
        App app = App.builder().connector(new InMemoryConnector()).build();
        try (App.Replacement replacement = app.replaceConnector(connector)) {
            assertThat(replacement).isNotNull();
            Stages.join(app.openAsync());
            app.schemaManager().apply();
            CompletableFuture<Long> held;
            try (Connection other = database.connect()) {
                hold(other);
                held = CompletableFuture.supplyAsync(() -> app.jobManager().defer(JOB), VertxAppTest::start);
                await().atMost(Database.BOUND)
                        .until(() -> database.number(
                                        "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid"
                                                + " FROM pg_database WHERE datname = current_database())")
                                == 1);
                assertRefused(() -> app.jobManager().defer(JOB), "asynchronous call");
                assertThat(held).isNotDone();
            }
            assertThat(Database.await(held)).isPositive();
            assertThat(app.jobManager().list(JobFilter.ALL)).hasSize(1);
        }
    }

    private static void hold(Connection other) throws SQLException {
        other.setAutoCommit(false);
        try (Statement statement = other.createStatement()) {
            statement.execute("LOCK TABLE procrastinate_jobs IN SHARE MODE");
        }
    }

    private static void start(Runnable call) {
        new Thread(call, "caller").start();
    }

    private void assertRefused(ThrowingCallable call, String advice) throws Exception {
        CompletableFuture<@Nullable Throwable> refusal = new CompletableFuture<>();
        vertx.runOnContext(nothing -> refusal.complete(catchThrowable(call)));
        assertThat(refusal.get(Database.BOUND.toSeconds(), TimeUnit.SECONDS))
                .isInstanceOf(BlockingNotAllowedException.class)
                .hasMessageContaining(advice);
    }
}

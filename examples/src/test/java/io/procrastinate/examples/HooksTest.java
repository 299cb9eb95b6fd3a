package io.procrastinate.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.procrastinate.App;
import io.procrastinate.job.DeferMiddleware;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobFilter;
import io.procrastinate.memory.InMemoryConnector;
import io.procrastinate.task.JobContext;
import io.procrastinate.task.Task;
import io.procrastinate.worker.JobResult;
import io.procrastinate.worker.WorkerListener;
import io.procrastinate.worker.WorkerOptions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The code of the pages on what an application puts around deferrals and workers. */
class HooksTest {

    private record File(String name) {}

    private static final ThreadLocal<@Nullable String> TENANT = new ThreadLocal<>();
    private static final ThreadLocal<@Nullable Connection> CURRENT = new ThreadLocal<>();

    private final List<String> seen = new CopyOnWriteArrayList<>();

    @Test
    void aHeaderGoesFromTheCallerToTheRun() {
        InMemoryConnector connector = new InMemoryConnector();
        DeferMiddleware tenant = (context, next) -> next.run(context.jobs().stream()
                .map(job -> job.header("tenant", TENANT.get()))
                .toList());
        App app = App.builder().connector(connector).deferMiddleware(tenant).build();
        try (app) {
            Task<File> upload = app.open().task("upload", File.class).body((context, file) -> {
                seen.add(context.job().headers().get("tenant") + " uploads " + file.name());
                return null;
            });
            TENANT.set("acme");
            upload.defer(new File("cat.jpg"));
            app.drain();
        } finally {
            TENANT.remove();
        }
        assertThat(seen).containsExactly("acme uploads cat.jpg");
    }

    /** Notes how long each run took, and what came of it. */
    private final class Stopwatch implements WorkerListener {

        @Override
        public void jobStarted(JobContext context) {
            context.attributes().put("began", System.nanoTime());
        }

        @Override
        public void jobEnded(JobContext context, JobResult result) {
            if (context.attributes().get("began") instanceof Long began) {
                long millis = (System.nanoTime() - began) / 1_000_000;
                seen.add(result.job().taskName() + " " + result.outcome() + " after " + millis + " ms");
            }
        }
    }

    @Test
    void aListenerFollowsEachRun() {
        App app = App.builder().connector(new InMemoryConnector()).build();
        try (app) {
            app.open().task("upload").run(args -> {});
            app.configureTask("upload").defer(Map.of());
            app.runWorker(WorkerOptions.builder()
                    .listener(new Stopwatch())
                    .waitForJobs(false)
                    .build());
        }
        assertThat(seen).singleElement().asString().startsWith("upload SUCCEEDED after ");
    }

    @Test
    void deferralsJoinTheTransactionOfTheThread() throws SQLException {
        TestDatabase database = TestDatabase.withSchema();
        App app = App.builder()
                .settings(database.settings())
                .currentTransaction(CURRENT::get)
                .build();
        try (app;
                Connection connection = database.connect()) {
            app.open();
            connection.setAutoCommit(false);
            CURRENT.set(connection);
            app.externalTask("upload").defer(Map.of("name", "dog.jpg"));
            connection.rollback();
            app.externalTask("upload").defer(Map.of("name", "cat.jpg"));
            assertThat(app.jobManager().list(JobFilter.ALL)).isEmpty();
            connection.commit();

            assertThat(app.jobManager().list(JobFilter.ALL))
                    .extracting(Job::args)
                    .containsExactly("{\"name\": \"cat.jpg\"}");
        } finally {
            CURRENT.remove();
        }
    }
}

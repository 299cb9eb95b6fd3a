package io.procrastinate.interop;

import io.procrastinate.App;
import io.procrastinate.connector.BoundQuery;
import io.procrastinate.connector.ParameterType;
import io.procrastinate.connector.Query;
import io.procrastinate.connector.Row;
import io.procrastinate.exception.JobAbortedException;
import io.procrastinate.retry.RetryStrategy;
import io.procrastinate.task.JobContext;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tasks of the Java side. The Python side has the same ones with the same names ({@code peer_app.py}). */
final class JavaTasks {

    private static final Query NOTE = Query.named("note")
            .parameter("job_id", ParameterType.BIGINT)
            .parameter("what", ParameterType.TEXT)
            .parameter("detail", ParameterType.TEXT)
            .sql("INSERT INTO journal (side, job_id, what, detail) VALUES ('JAVA', :job_id, :what, :detail)");
    private static final BoundQuery GATE = statement("gate", "SELECT EXISTS (SELECT FROM gate) AS open");
    private static final BoundQuery PAUSE = statement("pause", "SELECT 1 AS one FROM pg_sleep(0.01)");

    private final App app;

    private JavaTasks(App app) {
        this.app = app;
    }

    static void addTo(App app) {
        JavaTasks tasks = new JavaTasks(app);
        app.task("echo")
                .body((context, args) ->
                        tasks.note(context, "ran", context.job().args()));
        app.task("flaky").retry(2).body((context, args) -> tasks.failingUntil(2, context));
        app.task("fails_at_first").body((context, args) -> tasks.failingUntil(1, context));
        app.task("guarded").body((context, args) -> tasks.guarded(context));
        app.task("patient").body((context, args) -> tasks.patient(context));
        app.task("polite").body((context, args) -> tasks.polite(context));
        app.task("counted").retry(RetryStrategy.forever()).body((context, args) -> tasks.note(context, "ran", null));
    }

    /** Adds the task that the Python side also declares periodic. */
    static void addPeriodicTo(App app) {
        JavaTasks tasks = new JavaTasks(app);
        app.task("tick")
                .queue("ticks")
                .periodic("* * * * * *")
                .body((context, args) -> tasks.note(context, "ran", String.valueOf(args.get("timestamp"))));
    }

    static WorkerOptions.Builder options(WorkerSetup setup) {
        return WorkerOptions.builder()
                .queues(setup.queues())
                .concurrency(setup.concurrency())
                .fetchPollingInterval(setup.polling())
                .abortPollingInterval(setup.polling())
                .installShutdownHook(false);
    }

    /** Soon declares a silent worker dead; the longer default would only delay the test. */
    static WorkerOptions.Builder rescuing(WorkerSetup setup) {
        return options(setup).heartbeatInterval(Duration.ofMillis(500)).stalledWorkerTimeout(Duration.ofSeconds(5));
    }

    private @Nullable Object note(JobContext context, String what, @Nullable String detail) {
        execute(NOTE.bind()
                .set("job_id", context.job().id())
                .set("what", what)
                .set("detail", detail)
                .build());
        return null;
    }

    private @Nullable Object failingUntil(int attempts, JobContext context) {
        note(context, "ran", Integer.toString(context.job().attempts()));
        if (context.job().attempts() < attempts) {
            throw new IllegalStateException("not yet");
        }
        return null;
    }

    private @Nullable Object guarded(JobContext context) {
        note(context, "enter", null);
        execute(PAUSE);
        return note(context, "leave", null);
    }

    private @Nullable Object patient(JobContext context) throws InterruptedException {
        note(context, "ran", null);
        while (!execute(GATE).get(0).bool("open")) {
            Thread.sleep(50);
        }
        return null;
    }

    private @Nullable Object polite(JobContext context) throws InterruptedException {
        note(context, "ran", null);
        while (!context.shouldAbort()) {
            Thread.sleep(50);
        }
        throw new JobAbortedException("as asked");
    }

    private List<Row> execute(BoundQuery query) {
        return app.connector().sync().execute(query);
    }

    private static BoundQuery statement(String name, String sql) {
        return Query.named(name).sql(sql).bind().build();
    }
}

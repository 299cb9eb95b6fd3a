package io.procrastinate.selection;

import io.procrastinate.App;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.Query;
import io.procrastinate.driver.Stages;
import io.procrastinate.job.JobFilter;
import io.procrastinate.worker.WorkerOptions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Loaded by each of the class loaders of {@link SelectionTest}, and started in a process with an environment of its
 * own: reports the database of an app that was opened with a pool.
 */
public final class PoolProbe implements BiFunction<String, String, Map<String, String>> {

    /** Called by reflection. */
    public PoolProbe() {}

    /** Prints the result with the environment's settings. */
    public static void main(String[] arguments) {
        Map<String, String> seen = new LinkedHashMap<>();
        try (App app = App.create()) {
            seen.put("own pool", attempt(() -> database(app.open())));
            use(app, arguments[0], seen);
        }
        System.out.println(seen);
        System.exit(0);
    }

    /**
     * Opens an app with a pool.
     *
     * @param url where the settings lead
     * @param poolUrl where the pool leads
     */
    @Override
    public Map<String, String> apply(String url, String poolUrl) {
        Map<String, String> seen = new LinkedHashMap<>();
        ConnectorSettings settings =
                ConnectorSettings.builder().url(url).poolSize(2).build();
        try (App app = App.builder().settings(settings).build()) {
            seen.put("chosen", app.connector().name());
            use(app, poolUrl, seen);
        }
        seen.put("asynchronously first", attempt(() -> {
            try (App app = App.builder().settings(settings).build()) {
                return database(Stages.join(app.openAsync(pool(poolUrl))));
            }
        }));
        seen.put("own pool first", attempt(() -> {
            try (App app = App.builder().settings(settings).build().open()) {
                return database(app.open(pool(poolUrl)));
            }
        }));
        AsyncConnector best = Connectors.choose(settings).connector();
        seen.put("given", attempt(() -> {
            try (App app = App.builder().connector(best).build()) {
                return database(app.open(pool(poolUrl)));
            }
        }));
        seen.put("stands in", attempt(() -> {
            best.sync().open(pool(poolUrl));
            best.sync().close();
            return "opened";
        }));
        return seen;
    }

    private static void use(App app, String poolUrl, Map<String, String> seen) {
        PGSimpleDataSource pool = pool(poolUrl);
        seen.put("opened", attempt(() -> database(app.open(pool))));
        seen.put("serves", attempt(() -> app.connector().name()));
        seen.put("again", attempt(() -> database(app.open(pool))));
        seen.put("another", attempt(() -> database(app.open(pool(poolUrl)))));
        seen.put("worker", attempt(() -> {
            if (!app.schemaManager().isApplied()) {
                app.schemaManager().apply();
            }
            app.task("nothing").body((context, args) -> null);
            app.configureTask("nothing").defer(Map.of());
            app.runWorker(WorkerOptions.builder()
                    .waitForJobs(false)
                    .installShutdownHook(false)
                    .build());
            return app.jobManager().list(JobFilter.ALL).get(0).status() + " in " + database(app);
        }));
        seen.put("reopened", attempt(() -> {
            app.close();
            return database(app.open());
        }));
        seen.put("asynchronously", attempt(() -> database(Stages.join(app.openAsync()))));
        seen.put("drained", attempt(() -> {
            app.close();
            app.configureTask("nothing");
            return app.drain().size() + " in " + database(app);
        }));
    }

    private static String database(App app) {
        Query query = Query.named("database").sql("SELECT current_database()::text AS name");
        return app.connector().sync().execute(query.bind().build()).get(0).text("name");
    }

    private static PGSimpleDataSource pool(String url) {
        PGSimpleDataSource pool = new PGSimpleDataSource();
        pool.setUrl("jdbc:" + url);
        return pool;
    }

    private static String attempt(Callable<String> call) {
        try {
            return call.call();
        } catch (Exception e) { // the test only looks at the kind of failure
            return e.getClass().getSimpleName() + ": " + e.getMessage();
        }
    }
}

package io.procrastinate.benchmarks.driver;

import io.procrastinate.benchmarks.driver.RawStatements.Fetched;
import io.procrastinate.connector.Query;
import io.procrastinate.driver.SessionSettings;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.PreparedQuery;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** The ceiling of the Vert.x client: the statements of this library in plain loops. */
final class RawVertxDriver implements Driver {

    private static final long POLL_MILLIS = 1_000;

    private final String url;
    private final boolean optimized;
    private final Vertx vertx = Vertx.vertx();
    private final PgConnectOptions options;
    private final Pool pool;
    private final RawWorker worker = new RawWorker();

    RawVertxDriver(String url, boolean optimized) {
        this.url = url;
        this.optimized = optimized;
        this.options = PgConnectOptions.fromUri(url).setCachePreparedStatements(true);
        SessionSettings.parameters().forEach(options::addProperty);
        this.pool = PgBuilder.pool()
                .with(new PoolOptions().setMaxSize(Drivers.POOL_SIZE))
                .connectingTo(options)
                .using(vertx)
                .build();
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(1, TimeUnit.MINUTES);
    }

    private static void join(Future<?> future) {
        future.toCompletionStage().toCompletableFuture().join();
    }

    private static void close(PgConnection connection) {
        join(connection.close());
    }

    @Override
    public void install() throws Exception {
        try (RawPgjdbcDriver other = new RawPgjdbcDriver(url, optimized)) {
            other.install();
        }
    }

    @Override
    public void defer(long sent) throws Exception {
        Query.Rendered query = RawStatements.DEFER.numbered();
        Tuple values = Tuple.tuple();
        for (String parameter : query.parameters()) {
            switch (parameter) {
                case "args" -> values.addString(RawStatements.arguments(sent));
                case "queue_name" -> values.addString("default");
                case "task_name" -> values.addString("noop");
                case "priority" -> values.addInteger(0);
                default -> values.addValue(null);
            }
        }
        await(pool.preparedQuery(query.sql()).execute(values));
    }

    @Override
    public void deferBatch(int size) throws Exception {
        RowSet<Row> ids =
                await(pool.preparedQuery(RawStatements.DEFER_MANY.numbered().sql())
                        .execute(Tuple.of(RawStatements.newJobs(size))));
        if (ids.size() != size) {
            throw new IllegalStateException("Not all jobs were deferred");
        }
    }

    @Override
    public void startWorker(int concurrency, Listener listener) throws Exception {
        PgConnection fetching = await(PgConnection.connect(vertx, options));
        PgConnection finishing = await(PgConnection.connect(vertx, options));
        PgConnection listening = await(PgConnection.connect(vertx, options));
        long workerId = await(
                        fetching.preparedQuery(RawStatements.REGISTER.numbered().sql())
                                .execute())
                .iterator()
                .next()
                .getLong(0);
        Semaphore notified = new Semaphore(0);
        listening.notificationHandler(notification -> notified.release());
        await(listening.query("LISTEN procrastinate_any_queue_v1").execute());
        Query.Rendered fetch = RawStatements.fetch(optimized).numbered();
        PreparedQuery<RowSet<Row>> fetchJobs =
                await(fetching.prepare(fetch.sql())).query();
        PreparedQuery<RowSet<Row>> finishJobs = await(finishing.prepare(
                        RawStatements.finish(optimized).numbered().sql()))
                .query();
        Tuple parameters = Tuple.tuple();
        for (String parameter : fetch.parameters()) {
            switch (parameter) {
                case "limit" -> parameters.addInteger(concurrency);
                case "worker_id" -> parameters.addLong(workerId);
                default -> parameters.addValue(null);
            }
        }
        worker.start(
                listener,
                () -> jobs(await(fetchJobs.execute(parameters))),
                jobs -> await(finishJobs.execute(Tuple.of(RawStatements.results(jobs, workerId)))),
                () -> {
                    if (notified.tryAcquire(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                        notified.drainPermits();
                    }
                },
                List.of(() -> close(fetching), () -> close(finishing), () -> close(listening)));
    }

    private static List<Fetched> jobs(RowSet<Row> rows) {
        List<Fetched> jobs = new ArrayList<>(rows.size());
        for (Row row : rows) {
            if (row.getLong("id") != null) {
                jobs.add(new Fetched(row.getLong("id"), row.getInteger("attempts"), row.getString("args")));
            }
        }
        return jobs;
    }

    @Override
    public void stopWorker() {
        worker.stop();
    }

    @Override
    public void close() {
        stopWorker();
        join(pool.close());
        join(vertx.close());
    }
}

package io.procrastinate.benchmarks.driver;

import io.procrastinate.App;
import io.procrastinate.adapter.Connectors;
import io.procrastinate.connector.ConnectorSettings;
import io.procrastinate.connector.ServerVariables;
import io.procrastinate.driver.SessionSettings;
import io.procrastinate.driver.Stages;
import io.procrastinate.task.Task;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerOptions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.commons.dbcp2.BasicDataSource;
import org.jspecify.annotations.Nullable;

/** This library with one of its connectors. */
final class ProcrastinateDriver implements Driver {

    /** A job's argument. */
    record Sent(long sent) {}

    /** The same multiple of the concurrency as graphile-worker gets. */
    private static final int LOCAL_QUEUE = 5;

    private final boolean optimized;
    private final boolean localQueue;
    private final App app;
    private final Task<Sent> task;
    private volatile @Nullable Listener listener;
    private final List<Worker> workers = new ArrayList<>();

    ProcrastinateDriver(String connector, String url, boolean optimized, boolean localQueue) {
        this.optimized = optimized;
        this.localQueue = localQueue;
        ConnectorSettings settings =
                ConnectorSettings.builder().url(url).poolSize(Drivers.POOL_SIZE).build();
        this.app =
                App.builder().connector(Connectors.named(connector, settings)).build();
        Object pool = applicationPool(connector, url);
        Stages.join(pool == null ? app.openAsync() : app.openAsync(pool));
        this.task = app.task("noop", Sent.class).run(this::ran);
    }

    /** The application's pool, for the connectors that open none. */
    private static @Nullable Object applicationPool(String connector, String url) {
        return switch (connector) {
            case "jdbc" -> Drivers.pool(Drivers.tunedDataSource(url));
            case "dbcp" -> {
                BasicDataSource pool = new BasicDataSource();
                pool.setUrl("jdbc:" + url);
                pool.addConnectionProperty("options", ServerVariables.options(SessionSettings.parameters()));
                pool.setMaxTotal(Drivers.POOL_SIZE);
                pool.setMaxIdle(Drivers.POOL_SIZE);
                yield pool;
            }
            default -> null;
        };
    }

    private void ran(Sent argument) {
        Listener told = listener;
        if (told != null) {
            told.ran(argument.sent());
            told.works();
        }
    }

    @Override
    public void install() {
        app.schemaManager().apply();
        if (!optimized) {
            app.schemaManager().deoptimize();
        }
    }

    @Override
    public void defer(long sent) {
        task.defer(new Sent(sent));
    }

    @Override
    public void schedule(int millis) {
        Instant due = Instant.now().plusMillis(millis);
        task.configure().at(due).defer(new Sent(ChronoUnit.MICROS.between(Instant.EPOCH, due)));
    }

    @Override
    public void deferBatch(int size) {
        List<Sent> arguments = Collections.nCopies(size, new Sent(0));
        task.batchDefer(arguments);
    }

    @Override
    public void startWorker(int concurrency, Listener told) {
        listener = told;
        Worker worker = app.worker(WorkerOptions.builder()
                .concurrency(concurrency)
                .localQueueSize(localQueue ? LOCAL_QUEUE * concurrency : 0)
                .installShutdownHook(false)
                .onJobEnded(result -> told.ended())
                .build());
        worker.start();
        workers.add(worker);
    }

    @Override
    public void stopWorker() {
        workers.forEach(Worker::stop);
        workers.forEach(Worker::close);
        workers.clear();
    }

    @Override
    public void close() {
        stopWorker();
        app.close();
    }
}

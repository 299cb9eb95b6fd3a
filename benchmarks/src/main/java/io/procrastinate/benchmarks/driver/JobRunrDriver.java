package io.procrastinate.benchmarks.driver;

import com.zaxxer.hikari.HikariDataSource;
import java.util.stream.IntStream;
import org.jobrunr.jobs.mappers.JobMapper;
import org.jobrunr.scheduling.JobScheduler;
import org.jobrunr.server.BackgroundJobServer;
import org.jobrunr.server.BackgroundJobServerConfiguration;
import org.jobrunr.storage.StorageProvider;
import org.jobrunr.storage.sql.postgres.PostgresStorageProvider;
import org.jobrunr.utils.mapper.JsonMapper;
import org.jobrunr.utils.mapper.jackson3.Jackson3JsonMapper;
import org.jspecify.annotations.Nullable;

/**
 * JobRunr, the free edition: it polls every five seconds, its shortest interval, and continues immediately while there
 * is work.
 */
public final class JobRunrDriver implements Driver {

    private static final int POLL_SECONDS = 5;

    /** Jobs are static methods here. */
    private static volatile @Nullable Listener listener;

    private final HikariDataSource pool;
    private final JsonMapper json = new Jackson3JsonMapper();
    private @Nullable StorageProvider storage;
    private @Nullable JobScheduler scheduler;
    private @Nullable BackgroundJobServer server;

    JobRunrDriver(String url) {
        this.pool = Drivers.pool(Drivers.dataSource(url));
    }

    /** A job. Public, as JobRunr requires. */
    public static void run(long sent) {
        Listener told = listener;
        if (told != null) {
            told.ran(sent);
            told.works();
            told.ended();
        }
    }

    private StorageProvider storage() {
        if (storage == null) {
            storage = new PostgresStorageProvider(pool); // creates its tables
            storage.setJobMapper(new JobMapper(json));
        }
        return storage;
    }

    private synchronized JobScheduler scheduler() {
        if (scheduler == null) {
            scheduler = new JobScheduler(storage());
        }
        return scheduler;
    }

    @Override
    public void install() {
        storage();
    }

    @Override
    public void defer(long sent) {
        scheduler().enqueue(() -> JobRunrDriver.run(sent));
    }

    @Override
    public void deferBatch(int size) {
        scheduler().enqueue(IntStream.range(0, size).boxed(), n -> JobRunrDriver.run(0L));
    }

    @Override
    public void startWorker(int concurrency, Listener told) {
        listener = told;
        BackgroundJobServerConfiguration configuration =
                BackgroundJobServerConfiguration.usingStandardBackgroundJobServerConfiguration()
                        .andWorkerCount(concurrency)
                        .andPollIntervalInSeconds(POLL_SECONDS);
        // Jobs are static methods: there is nothing to activate.
        server = new BackgroundJobServer(storage(), json, null, configuration);
        server.start();
    }

    @Override
    public void stopWorker() {
        if (server != null) {
            server.stop();
            server = null;
        }
    }

    @Override
    public void close() {
        stopWorker();
        pool.close();
    }
}

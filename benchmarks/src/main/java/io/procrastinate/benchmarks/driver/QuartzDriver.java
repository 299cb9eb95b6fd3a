package io.procrastinate.benchmarks.driver;

import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.JobExecutionContext;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.quartz.impl.StdSchedulerFactory;
import org.quartz.impl.jdbcjobstore.JobStoreTX;
import org.quartz.impl.jdbcjobstore.PostgreSQLDelegate;
import org.quartz.utils.ConnectionProvider;
import org.quartz.utils.DBConnectionManager;

/** Quartz with its store in the database, a cluster of one, taking as many triggers at once as it has threads. */
public final class QuartzDriver implements Driver {

    private static final String SOURCE = "benchmark";

    /** Quartz instantiates its jobs itself. */
    private static volatile @Nullable Listener listener;

    private final String url;
    private final HikariDataSource pool;
    private @Nullable Scheduler scheduler;
    private int threads = 1;

    QuartzDriver(String url) {
        this.url = url;
        this.pool = Drivers.pool(Drivers.dataSource(url));
        DBConnectionManager.getInstance().addConnectionProvider(SOURCE, new PoolProvider(pool));
    }

    /** A job. Public, as Quartz requires. */
    public static final class Noop implements Job {
        @Override
        public void execute(JobExecutionContext context) {
            Listener told = listener;
            if (told != null) {
                told.ran(context.getMergedJobDataMap().getLong("sent"));
                told.works();
                told.ended();
            }
        }
    }

    private synchronized Scheduler scheduler() throws SchedulerException {
        if (scheduler == null) {
            Properties properties = new Properties();
            properties.putAll(Map.of(
                    "org.quartz.scheduler.instanceId", "AUTO",
                    "org.quartz.scheduler.skipUpdateCheck", "true",
                    "org.quartz.scheduler.idleWaitTime", "1000",
                    "org.quartz.scheduler.batchTriggerAcquisitionMaxCount", Integer.toString(threads),
                    "org.quartz.threadPool.threadCount", Integer.toString(threads)));
            properties.putAll(Map.of(
                    "org.quartz.jobStore.class",
                    JobStoreTX.class.getName(),
                    "org.quartz.jobStore.driverDelegateClass",
                    PostgreSQLDelegate.class.getName(),
                    "org.quartz.jobStore.dataSource",
                    SOURCE,
                    "org.quartz.jobStore.isClustered",
                    "true",
                    "org.quartz.jobStore.acquireTriggersWithinLock",
                    "true"));
            scheduler = new StdSchedulerFactory(properties).getScheduler();
        }
        return scheduler;
    }

    @Override
    public void install() throws SQLException, IOException {
        String script = "/org/quartz/impl/jdbcjobstore/tables_postgres.sql";
        try (InputStream stream = Objects.requireNonNull(Scheduler.class.getResourceAsStream(script))) {
            Drivers.runScript(url, new String(stream.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Override
    public void defer(long sent) throws SchedulerException {
        scheduler().scheduleJob(detail(sent), trigger());
    }

    @Override
    public void deferBatch(int size) throws SchedulerException {
        Map<JobDetail, Set<? extends Trigger>> jobs = new HashMap<>();
        for (int index = 0; index < size; index++) {
            jobs.put(detail(0), Set.of(trigger()));
        }
        scheduler().scheduleJobs(jobs, false);
    }

    private static JobDetail detail(long sent) {
        return JobBuilder.newJob(Noop.class)
                .withIdentity(UUID.randomUUID().toString())
                .usingJobData("sent", sent)
                .build();
    }

    private static Trigger trigger() {
        return TriggerBuilder.newTrigger()
                .withIdentity(UUID.randomUUID().toString())
                .startNow()
                .build();
    }

    @Override
    public void startWorker(int concurrency, Listener told) throws SchedulerException {
        listener = told;
        if (concurrency != threads) {
            shutDown();
            threads = concurrency;
        }
        scheduler().start();
    }

    @Override
    public void stopWorker() throws SchedulerException {
        shutDown();
    }

    private void shutDown() throws SchedulerException {
        if (scheduler != null) {
            scheduler.shutdown(true);
            scheduler = null;
        }
    }

    @Override
    public void close() {
        try {
            shutDown();
        } catch (SchedulerException e) {
            throw new IllegalStateException("Quartz does not shut down", e);
        }
        pool.close();
    }

    /** Gives Quartz the pool. A scheduler that is shut down leaves it open for the next one. */
    private record PoolProvider(HikariDataSource pool) implements ConnectionProvider {

        @Override
        public Connection getConnection() throws SQLException {
            return pool.getConnection();
        }

        @Override
        public void shutdown() {}

        @Override
        public void initialize() {}
    }
}

package io.procrastinate.benchmarks.driver;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.SchedulerClient;
import com.github.kagkarlsson.scheduler.task.TaskInstance;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** db-scheduler at its best: it locks and fetches many executions in one statement, and polls ten times a second. */
final class DbSchedulerDriver implements Driver {

    private static final String TABLE = """
            CREATE TABLE scheduled_tasks (
                task_name text NOT NULL,
                task_instance text NOT NULL,
                task_data bytea,
                execution_time timestamptz NOT NULL,
                picked boolean NOT NULL,
                picked_by text,
                last_success timestamptz,
                last_failure timestamptz,
                consecutive_failures integer,
                last_heartbeat timestamptz,
                version bigint NOT NULL,
                priority smallint,
                PRIMARY KEY (task_name, task_instance));
            CREATE INDEX ON scheduled_tasks (execution_time);
            CREATE INDEX ON scheduled_tasks (last_heartbeat)
            """;

    private static final Duration POLL = Duration.ofMillis(100);

    private final String url;
    private final HikariDataSource pool;
    private final OneTimeTask<Long> task;
    private final SchedulerClient client;
    private volatile @Nullable Listener listener;
    private @Nullable Scheduler scheduler;

    DbSchedulerDriver(String url) {
        this.url = url;
        this.pool = Drivers.pool(Drivers.dataSource(url));
        this.task = Tasks.oneTime("noop", Long.class).execute((instance, context) -> {
            Listener told = listener;
            if (told != null) {
                told.ran(instance.getData());
                told.works();
                told.ended();
            }
        });
        this.client = SchedulerClient.Builder.create(pool, task).build();
    }

    @Override
    public void install() throws SQLException {
        Drivers.runScript(url, TABLE);
    }

    @Override
    public void defer(long sent) {
        client.scheduleIfNotExists(instance(sent), Instant.now());
    }

    private TaskInstance<Long> instance(long sent) {
        return task.instance(UUID.randomUUID().toString(), sent);
    }

    @Override
    public void deferBatch(int size) {
        List<TaskInstance<?>> instances = IntStream.range(0, size)
                .<TaskInstance<?>>mapToObj(n -> instance(0))
                .toList();
        client.scheduleBatch(instances, Instant.now());
    }

    @Override
    public void startWorker(int concurrency, Listener told) {
        listener = told;
        scheduler = Scheduler.create(pool, task)
                .threads(concurrency)
                .pollUsingLockAndFetch(0.5, 4.0)
                .pollingInterval(POLL)
                .build();
        scheduler.start();
    }

    @Override
    public void stopWorker() {
        if (scheduler != null) {
            scheduler.stop();
            scheduler = null;
        }
    }

    @Override
    public void close() {
        stopWorker();
        pool.close();
    }
}

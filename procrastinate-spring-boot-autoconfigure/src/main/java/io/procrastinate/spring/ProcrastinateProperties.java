package io.procrastinate.spring;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties of the queue.
 *
 * @param enabled whether there is a queue
 * @param poolBean name of the bean that is the queue's pool, such as a DataSource; the single DataSource unless set
 * @param url URL of the database, for a pool of the queue's own instead of the application's
 * @param listenUrl URL for the connection that listens, needed behind a pooler that hands out connections by transaction
 * @param retention how long jobs that ended are kept; for ever unless set
 * @param schema the queue's tables
 * @param transactions the application's transactions
 * @param json how arguments become JSON
 * @param metrics the queue's meters
 * @param worker the worker, and what other workers have in common
 * @param workers several workers by name; each has what "worker" says unless it says otherwise
 */
@ConfigurationProperties("procrastinate")
record ProcrastinateProperties(
        @DefaultValue("true") boolean enabled,
        @Nullable String poolBean,
        @Nullable String url,
        @Nullable String listenUrl,
        @Nullable Duration retention,
        @DefaultValue Schema schema,
        @DefaultValue Transactions transactions,
        @DefaultValue Json json,
        @DefaultValue Metrics metrics,
        @DefaultValue WorkerProperties worker,
        @Nullable Map<String, WorkerProperties> workers) {

    /**
     * The queue's tables.
     *
     * @param mode what is done about them at the start
     */
    record Schema(@DefaultValue("validate") SchemaMode mode) {}

    /** What is done about the tables at the start. */
    enum SchemaMode {
        /** Nothing; a worker refuses to start without them. */
        NONE,
        /** The application does not start without them. */
        VALIDATE,
        /** They are created or migrated if necessary; several instances may start at once. */
        ENSURE
    }

    /**
     * The application's transactions.
     *
     * @param join whether deferrals join them
     */
    record Transactions(@DefaultValue("auto") Join join) {}

    /**
     * How arguments become JSON.
     *
     * @param useApplicationMapper whether with the modules, names and mix-ins of the application's own mapper
     */
    record Json(@DefaultValue("true") boolean useApplicationMapper) {}

    /**
     * The queue's meters.
     *
     * @param enabled whether there are any, if the application has a MeterRegistry
     * @param backlogInterval how often the backlog is read from the database
     */
    record Metrics(
            @DefaultValue("true") boolean enabled,
            @DefaultValue("15s") Duration backlogInterval) {}

    /** Whether deferrals join the transaction of their thread. */
    enum Join {
        /** If there is one of the queue's data source. */
        AUTO,
        /** A deferral outside of one is refused. */
        REQUIRED,
        /** Not by themselves. */
        NEVER
    }
}

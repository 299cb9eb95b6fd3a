package io.procrastinate.worker;

import io.procrastinate.driver.Durations;
import io.procrastinate.job.NewJob;
import io.procrastinate.task.JobContext;
import io.procrastinate.task.Middleware;
import io.procrastinate.text.Printable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a worker works. Names and defaults are those of Procrastinate, unless said otherwise. Durations are positive
 * unless said otherwise; longer ones than 100 years, such as {@code ChronoUnit.FOREVER.getDuration()}, mean for ever,
 * and are capped at 100 years.
 */
public final class WorkerOptions {

    /** How many characters of a job's arguments a log line shows by default. */
    public static final int LOGGED_CHARACTERS = 500;

    private final Values values;

    private WorkerOptions(Values values) {
        this.values = values;
    }

    /** The defaults. */
    public static WorkerOptions defaults() {
        return new Builder().build();
    }

    /** Starts with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Starts with these options. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.queues = values.queues;
        builder.name = values.name;
        builder.concurrency = values.concurrency;
        builder.waitForJobs = values.waitForJobs;
        builder.fetchPollingInterval = values.fetchPollingInterval;
        builder.abortPollingInterval = values.abortPollingInterval;
        builder.shutdownGracefulTimeout = values.shutdownGracefulTimeout;
        builder.listenNotify = values.listenNotify;
        builder.deleteJobs = values.deleteJobs;
        builder.additionalContext = values.additionalContext;
        builder.heartbeatInterval = values.heartbeatInterval;
        builder.stalledWorkerTimeout = values.stalledWorkerTimeout;
        builder.rescueStalledJobs = values.rescueStalledJobs;
        builder.localQueueSize = values.localQueueSize;
        builder.localQueueTimeToLive = values.localQueueTimeToLive;
        builder.periodicMaxDelay = values.periodicMaxDelay;
        builder.middleware.addAll(values.middleware);
        builder.installShutdownHook = values.installShutdownHook;
        builder.loggedCharacters = values.loggedCharacters;
        builder.durableStarts = values.durableStarts;
        builder.errorText = values.errorText;
        builder.listeners.addAll(values.listeners);
        return builder;
    }

    /** The queues, for people. */
    String queuesDisplay() {
        return queues().isEmpty() ? "all queues" : "queues " + Printable.text(String.join(", ", queues()));
    }

    /** Collects options; the last value set counts, but middleware and listeners accumulate. Not thread-safe. */
    public static final class Builder {

        private List<String> queues = List.of();
        private String name = "worker";
        private int concurrency = 1;
        private boolean waitForJobs = true;
        private Duration fetchPollingInterval = Duration.ofSeconds(5);
        private Duration abortPollingInterval = Duration.ofSeconds(5);
        private @Nullable Duration shutdownGracefulTimeout;
        private boolean listenNotify = true;
        private DeleteJobs deleteJobs = DeleteJobs.NEVER;
        private Map<String, Object> additionalContext = Map.of();
        private Duration heartbeatInterval = Duration.ofSeconds(10);
        private Duration stalledWorkerTimeout = Duration.ofSeconds(30);
        private boolean rescueStalledJobs = true;
        private int localQueueSize;
        private Duration localQueueTimeToLive = Duration.ofSeconds(1);
        private Duration periodicMaxDelay = Duration.ofMinutes(10);
        private final List<Middleware> middleware = new ArrayList<>();
        private boolean installShutdownHook = true;
        private int loggedCharacters = LOGGED_CHARACTERS;
        private boolean durableStarts = true;
        private ErrorText errorText = ErrorText.full();
        private final List<WorkerListener> listeners = new ArrayList<>();

        private Builder() {}

        /** Sets the queues to serve; none means all. */
        public Builder queues(String... names) {
            return queues(List.of(names));
        }

        /** Sets the queues to serve; none means all. */
        public Builder queues(Collection<String> names) {
            this.queues = List.copyOf(names);
            return this;
        }

        /** Sets the worker's name in logs. */
        public Builder name(String workerName) {
            this.name = workerName;
            return this;
        }

        /** Sets how many jobs run at the same time at most, at least 1. */
        public Builder concurrency(int most) {
            this.concurrency = most;
            return this;
        }

        /** Sets whether to wait for more jobs when none is left. */
        public Builder waitForJobs(boolean wait) {
            this.waitForJobs = wait;
            return this;
        }

        /** Sets how often to look for jobs without a notification. */
        public Builder fetchPollingInterval(Duration interval) {
            this.fetchPollingInterval = interval;
            return this;
        }

        /** Sets how often to look for requests to abort running jobs. */
        public Builder abortPollingInterval(Duration interval) {
            this.abortPollingInterval = interval;
            return this;
        }

        /** Sets how long a stopping worker lets running jobs go on; null for as long as they take. */
        public Builder shutdownGracefulTimeout(@Nullable Duration limit) {
            this.shutdownGracefulTimeout = limit;
            return this;
        }

        /** Sets whether to listen for notifications. */
        public Builder listenNotify(boolean listen) {
            this.listenNotify = listen;
            return this;
        }

        /** Sets which jobs to delete when they have ended. */
        public Builder deleteJobs(DeleteJobs which) {
            this.deleteJobs = which;
            return this;
        }

        /** Sets the values that every job finds in its context. */
        public Builder additionalContext(Map<String, Object> context) {
            this.additionalContext = Map.copyOf(context);
            return this;
        }

        /** Sets how often to send a heartbeat to the database. */
        public Builder heartbeatInterval(Duration interval) {
            this.heartbeatInterval = interval;
            return this;
        }

        /** Sets after how long without a heartbeat a worker counts as dead. */
        public Builder stalledWorkerTimeout(Duration limit) {
            this.stalledWorkerTimeout = limit;
            return this;
        }

        /** Sets whether to take over the jobs of dead workers. */
        public Builder rescueStalledJobs(boolean rescue) {
            this.rescueStalledJobs = rescue;
            return this;
        }

        /** Sets how many jobs to fetch at most beyond those that can run, 0 for none. */
        public Builder localQueueSize(int most) {
            this.localQueueSize = most;
            return this;
        }

        /** Sets how long a fetched job may wait before it is given back. */
        public Builder localQueueTimeToLive(Duration limit) {
            this.localQueueTimeToLive = limit;
            return this;
        }

        /** Sets how long after its time the job of a periodic task is still deferred. */
        public Builder periodicMaxDelay(Duration limit) {
            this.periodicMaxDelay = limit;
            return this;
        }

        /** Adds middleware around the code of every task, the outermost first; earlier additions stay outside of it. */
        public Builder middleware(Middleware... around) {
            this.middleware.addAll(List.of(around));
            return this;
        }

        /** Sets whether the worker stops gracefully when the process is asked to end. */
        public Builder installShutdownHook(boolean install) {
            this.installShutdownHook = install;
            return this;
        }

        /**
         * Sets how many characters of a job's arguments a log line shows, at least 0; {@link Integer#MAX_VALUE} for
         * all.
         */
        public Builder loggedCharacters(int most) {
            this.loggedCharacters = most;
            return this;
        }

        /** Sets whether a job begins only after the server has written its start to disk. */
        public Builder durableStarts(boolean durable) {
            this.durableStarts = durable;
            return this;
        }

        /** Sets which text is stored in the row of a failed job, such as none, or one without secrets. */
        public Builder errorText(ErrorText text) {
            this.errorText = Objects.requireNonNull(text);
            return this;
        }

        /** Adds listeners, called in this order, after those that were added before. */
        public Builder listener(WorkerListener... more) {
            this.listeners.addAll(List.of(more));
            return this;
        }

        /**
         * Adds what is called with the result of each run, as {@link WorkerListener#jobEnded}: a short form of
         * {@link #listener}.
         */
        public Builder onJobEnded(Consumer<JobResult> listener) {
            return listener(new OnJobEnded(listener));
        }

        /**
         * Completes the options.
         *
         * @throws IllegalArgumentException if one is out of its range
         */
        public WorkerOptions build() {
            return new WorkerOptions(new Values(
                    queues,
                    name,
                    concurrency,
                    waitForJobs,
                    fetchPollingInterval,
                    abortPollingInterval,
                    shutdownGracefulTimeout,
                    listenNotify,
                    deleteJobs,
                    additionalContext,
                    heartbeatInterval,
                    stalledWorkerTimeout,
                    rescueStalledJobs,
                    localQueueSize,
                    localQueueTimeToLive,
                    periodicMaxDelay,
                    middleware,
                    installShutdownHook,
                    loggedCharacters,
                    durableStarts,
                    errorText,
                    listeners));
        }
    }

    /** The queues to serve; empty (default) for all. */
    public List<String> queues() {
        return values.queues;
    }

    /** The worker's name in logs; default {@code worker}. */
    public String name() {
        return values.name;
    }

    /** How many jobs run at the same time at most, at least 1; default 1. */
    public int concurrency() {
        return values.concurrency;
    }

    /**
     * Whether to wait for more jobs when none is left; default true. A worker that does not wait ends when nothing is
     * left to do and nothing runs.
     */
    public boolean waitForJobs() {
        return values.waitForJobs;
    }

    /**
     * How often, on average, to look for jobs without a notification; default 5 seconds. The pauses vary by a third, so
     * that workers do not look at the same instant, and are shorter at first after a job was found.
     */
    public Duration fetchPollingInterval() {
        return values.fetchPollingInterval;
    }

    /** How often to look for requests to abort running jobs; default 5 seconds. */
    public Duration abortPollingInterval() {
        return values.abortPollingInterval;
    }

    /**
     * How long a stopping worker lets running jobs go on before it interrupts them, or zero; null (default) for as
     * long as they take.
     */
    public @Nullable Duration shutdownGracefulTimeout() {
        return values.shutdownGracefulTimeout;
    }

    /**
     * Whether to listen for notifications of new jobs and abort requests; default true. If the connector cannot listen,
     * the worker polls. A worker that listens tests that: a notification to itself must arrive, or else a warning and
     * its health report that notifications do not arrive.
     */
    public boolean listenNotify() {
        return values.listenNotify;
    }

    /** Which jobs to delete when they have ended; default {@link DeleteJobs#NEVER}. */
    public DeleteJobs deleteJobs() {
        return values.deleteJobs;
    }

    /** The values that every job finds in its context; default empty. */
    public Map<String, Object> additionalContext() {
        return values.additionalContext;
    }

    /** How often to send a heartbeat to the database; default 10 seconds. */
    public Duration heartbeatInterval() {
        return values.heartbeatInterval;
    }

    /**
     * After how long without a heartbeat a worker counts as dead; default 30 seconds; more than the heartbeat's
     * interval.
     */
    public Duration stalledWorkerTimeout() {
        return values.stalledWorkerTimeout;
    }

    /**
     * Whether to take over the jobs of dead workers: retried by their task's retry strategy, else failed; default true
     * (Procrastinate leaves this to its users).
     */
    public boolean rescueStalledJobs() {
        return values.rescueStalledJobs;
    }

    /**
     * How many jobs the worker may fetch beyond those that it can run now; default 0. It takes no more than it should
     * begin within half of their time to live, judging by its last jobs, and only if more wait than it can run. Jobs in
     * the local queue hold their locks, are {@code doing} in the database, and are not overtaken by later ones of a
     * higher priority; those of a worker that is killed are rescued as if they had been running.
     */
    public int localQueueSize() {
        return values.localQueueSize;
    }

    /** How long a fetched job may wait in the local queue before it is given back; default 1 second. */
    public Duration localQueueTimeToLive() {
        return values.localQueueTimeToLive;
    }

    /** How long after its time the job of a periodic task is still deferred; default 10 minutes. */
    public Duration periodicMaxDelay() {
        return values.periodicMaxDelay;
    }

    /** Wraps the code of every task, the outermost first; default none. */
    public List<Middleware> middleware() {
        return values.middleware;
    }

    /**
     * Whether a worker run by {@code app.runWorker} stops gracefully when the process is asked to end, and a second
     * SIGINT or SIGTERM ends it immediately; default true.
     */
    public boolean installShutdownHook() {
        return values.installShutdownHook;
    }

    /**
     * How many characters of a job's arguments a log line shows, at least 0; default {@value #LOGGED_CHARACTERS},
     * {@link Integer#MAX_VALUE} for all.
     */
    public int loggedCharacters() {
        return values.loggedCharacters;
    }

    /**
     * Whether a job begins only after the server has written its start to disk; default true. If false, a fetch
     * commits with {@code synchronous_commit = off}: its jobs begin earlier by one write to the disk, a few
     * milliseconds on most servers, and by the wait for a standby where commits wait for one. The end of a job is
     * written as before. So is, always, the start of a job that has a lock, and of the jobs that are fetched while one
     * with a lock or a schedule that is due waits. No effect on the original's tables.
     *
     * <p>If the <em>server</em> crashes, or a standby takes over, the starts of its last moments are lost: up to three
     * times {@code wal_writer_delay}, which is 0.6 seconds by default. Unless their end was stored, these jobs wait
     * again, and may begin a second time while their first run still goes on; the result of the first run is then
     * refused. A crash of the worker has the same consequences as before. Use this for jobs that may run twice.
     */
    public boolean durableStarts() {
        return values.durableStarts;
    }

    /**
     * Chooses the text that is stored in the row of a failed job; default {@link ErrorText#full()},
     * {@link ErrorText#none()} for nothing. Needs the layout of this library: the original's tables have no column for
     * it.
     */
    public ErrorText errorText() {
        return values.errorText;
    }

    /** The listeners, in the order in which they are called; default none. */
    public List<WorkerListener> listeners() {
        return values.listeners;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof WorkerOptions that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return values.toString().replaceFirst("Values", "WorkerOptions");
    }

    /** Not public, so that another component breaks no caller. */
    private record Values(
            List<String> queues,
            String name,
            int concurrency,
            boolean waitForJobs,
            Duration fetchPollingInterval,
            Duration abortPollingInterval,
            @Nullable Duration shutdownGracefulTimeout,
            boolean listenNotify,
            DeleteJobs deleteJobs,
            Map<String, Object> additionalContext,
            Duration heartbeatInterval,
            Duration stalledWorkerTimeout,
            boolean rescueStalledJobs,
            int localQueueSize,
            Duration localQueueTimeToLive,
            Duration periodicMaxDelay,
            List<Middleware> middleware,
            boolean installShutdownHook,
            int loggedCharacters,
            boolean durableStarts,
            ErrorText errorText,
            List<WorkerListener> listeners) {

        Values {
            queues = List.copyOf(queues);
            queues.forEach(NewJob::requireQueue);
            additionalContext = Map.copyOf(additionalContext);
            middleware = List.copyOf(middleware);
            listeners = List.copyOf(listeners);
            if (concurrency < 1) {
                throw new IllegalArgumentException("The concurrency is " + concurrency + ", it must be at least 1");
            }
            fetchPollingInterval = Durations.positive("interval of polling for jobs", fetchPollingInterval);
            abortPollingInterval = Durations.positive("interval of polling for abort requests", abortPollingInterval);
            heartbeatInterval = Durations.positive("interval of the heartbeat", heartbeatInterval);
            stalledWorkerTimeout = Durations.limited(stalledWorkerTimeout);
            if (stalledWorkerTimeout.compareTo(heartbeatInterval) <= 0) {
                throw new IllegalArgumentException("The time-out of stalled workers is " + stalledWorkerTimeout
                        + ", it must be longer than the interval of the heartbeat, " + heartbeatInterval);
            }
            if (localQueueSize < 0) {
                throw new IllegalArgumentException(
                        "The size of the local queue is " + localQueueSize + ", it must not be negative");
            }
            if (loggedCharacters < 0) {
                throw new IllegalArgumentException(
                        "The number of logged characters is " + loggedCharacters + ", it must not be negative");
            }
            localQueueTimeToLive = Durations.positive("time to live in the local queue", localQueueTimeToLive);
            periodicMaxDelay = Durations.positive("longest delay of a periodic job", periodicMaxDelay);
            if (shutdownGracefulTimeout != null) {
                shutdownGracefulTimeout = Durations.notNegative("graceful time-out", shutdownGracefulTimeout);
            }
        }
    }

    private record OnJobEnded(Consumer<JobResult> listener) implements WorkerListener {

        @Override
        public void jobEnded(JobContext context, JobResult result) {
            listener.accept(result);
        }
    }
}

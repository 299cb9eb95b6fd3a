package io.procrastinate.spring;

import io.procrastinate.worker.DeleteJobs;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The properties of a worker: those of WorkerOptions, whose defaults count for what is not set.
 *
 * @param enabled whether there is such a worker; true unless set
 * @param autoStartup whether it starts with the application; true unless set
 * @param name its name in logs; the name of the application unless set
 * @param queues the queues that it serves; all unless set
 * @param concurrency how many jobs run at the same time at most; 10 unless set
 * @param fetchPollingInterval how often to look for jobs without a notification; 5s unless set
 * @param abortPollingInterval how often to look for requests to abort; 5s unless set
 * @param shutdownGracefulTimeout how long running jobs may go on when the application ends; 12s less than
 *     spring.lifecycle.timeout-per-shutdown-phase unless set
 * @param listenNotify whether to listen for notifications; true unless set
 * @param deleteJobs which jobs are deleted when they have ended; never unless set
 * @param heartbeatInterval how often to send a heartbeat; 10s unless set
 * @param stalledWorkerTimeout after how long without a heartbeat a worker counts as dead; 30s unless set
 * @param rescueStalledJobs whether to take over the jobs of dead workers; true unless set
 * @param localQueueSize how many jobs to fetch at most beyond those that can run; 0 unless set
 * @param localQueueTimeToLive how long a fetched job may wait before it is given back; 1s unless set
 * @param periodicMaxDelay how long after its time a periodic job is still deferred; 10m unless set
 * @param loggedCharacters how many characters of a job's arguments a log line shows; 500 unless set
 * @param durableStarts whether a job begins only after its start is on disk; true unless set
 */
record WorkerProperties(
        @Nullable Boolean enabled,
        @Nullable Boolean autoStartup,
        @Nullable String name,
        @Nullable List<String> queues,
        @Nullable Integer concurrency,
        @Nullable Duration fetchPollingInterval,
        @Nullable Duration abortPollingInterval,
        @Nullable Duration shutdownGracefulTimeout,
        @Nullable Boolean listenNotify,
        @Nullable DeleteJobs deleteJobs,
        @Nullable Duration heartbeatInterval,
        @Nullable Duration stalledWorkerTimeout,
        @Nullable Boolean rescueStalledJobs,
        @Nullable Integer localQueueSize,
        @Nullable Duration localQueueTimeToLive,
        @Nullable Duration periodicMaxDelay,
        @Nullable Integer loggedCharacters,
        @Nullable Boolean durableStarts) {

    /** As many threads as a small application has. */
    private static final int CONCURRENCY = 10;

    boolean isEnabled() {
        return !Boolean.FALSE.equals(enabled);
    }

    boolean startsByItself() {
        return !Boolean.FALSE.equals(autoStartup);
    }

    /** Sets what is set here. */
    void applyTo(WorkerOptions.Builder options) {
        set(name, options::name);
        set(queues, options::queues);
        set(concurrency, options::concurrency);
        set(fetchPollingInterval, options::fetchPollingInterval);
        set(abortPollingInterval, options::abortPollingInterval);
        set(shutdownGracefulTimeout, options::shutdownGracefulTimeout);
        set(listenNotify, options::listenNotify);
        set(deleteJobs, options::deleteJobs);
        set(heartbeatInterval, options::heartbeatInterval);
        set(stalledWorkerTimeout, options::stalledWorkerTimeout);
        set(rescueStalledJobs, options::rescueStalledJobs);
        set(localQueueSize, options::localQueueSize);
        set(localQueueTimeToLive, options::localQueueTimeToLive);
        set(periodicMaxDelay, options::periodicMaxDelay);
        set(loggedCharacters, options::loggedCharacters);
        set(durableStarts, options::durableStarts);
    }

    static WorkerOptions.Builder defaults(String applicationName) {
        return WorkerOptions.builder().name(applicationName).concurrency(CONCURRENCY);
    }

    private static <T> void set(@Nullable T value, Consumer<T> setter) {
        if (value != null) {
            setter.accept(value);
        }
    }
}

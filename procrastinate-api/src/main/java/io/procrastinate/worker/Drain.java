package io.procrastinate.worker;

import io.procrastinate.annotation.Internal;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.driver.Backoff;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.job.JobManager;
import io.procrastinate.task.TaskRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs the waiting jobs one after the other on the calling thread and returns when none is left that is due: a worker
 * for tests and scripts. A job that is retried immediately runs again; one that is scheduled or retried for later
 * stays. For one use by one thread.
 *
 * @hidden
 */
@Internal
public final class Drain {

    private static final Duration END_LIMIT = Duration.ofSeconds(35);

    /** How long to retry storing a result that the database does not accept. */
    private static final Duration STORE_LIMIT = Duration.ofSeconds(30);

    private final WorkerOptions options;
    private final WorkerLog log;
    private final Registration registration;
    private final ResultWriter writer;
    private final JobRunner runner;
    private final JobFetcher fetcher;
    private final Wakeup freed = new Wakeup();
    private final List<JobResult> results = new ArrayList<>();
    private final Listeners listeners;
    private boolean drained;

    /**
     * Creates a worker over an open connector.
     *
     * @param connector the app's connector, open
     * @param tasks the tasks that can run
     * @param jobManager the job manager that jobs find in their context
     * @param options which queues, and how; options about concurrency, waiting and stopping do not apply
     */
    public Drain(AsyncConnector connector, TaskRegistry tasks, JobManager jobManager, WorkerOptions options) {
        this.options = options.toBuilder()
                .concurrency(1)
                .localQueueSize(0)
                .waitForJobs(false)
                .build();
        this.listeners = new Listeners(this.options);
        WorkerStore store = WorkerStore.over(connector);
        this.log = new WorkerLog(this.options, this::workerId);
        this.runner = new JobRunner(
                this.options, log, Runnable::run, tasks, jobManager, this::ended, freed::raise, this::stop);
        this.registration = new Registration(this.options, store, runner);
        this.writer = new ResultWriter(store, registration, () -> !drained, () -> true, this::stored);
        RunCheck runCheck = new RunCheck(this.options, store, registration, runner, writer, System::nanoTime);
        this.fetcher = new JobFetcher(this.options, store, registration, runCheck, runner, writer, this::stop);
    }

    /**
     * Runs the waiting jobs.
     *
     * @return how each run ended, in the order of the runs
     */
    public List<JobResult> run() {
        Loop heartbeat = new Loop(options.name(), "heartbeat", registration::beat);
        heartbeat.start();
        try {
            while (!drained) {
                fetcher.fetch();
                finish();
            }
            return List.copyOf(results);
        } finally {
            heartbeat.stop();
            heartbeat.awaitEnd(END_LIMIT);
            if (registration.exists()) {
                registration.unregister();
            }
        }
    }

    private void finish() {
        while (!runner.isIdle()) {
            freed.await(END_LIMIT);
        }
        long end = System.nanoTime() + STORE_LIMIT.toNanos();
        int failures = 0;
        while (true) {
            Duration pause = Duration.ZERO;
            try {
                pause = writer.write();
            } catch (ConnectorException e) {
                if (System.nanoTime() - end >= 0) {
                    throw e;
                }
                pause = Backoff.RECONNECT.after(++failures);
            }
            if (writer.unstored() == 0) {
                return;
            }
            if (System.nanoTime() - end >= 0) {
                throw new ProcrastinateException("The database did not store the results of the jobs "
                        + writer.outstanding() + " within " + STORE_LIMIT + ": see the log");
            }
            freed.await(pause);
        }
    }

    private long workerId() {
        return registration.idOrNone();
    }

    private void ended(Ending ending) {
        writer.add(ending);
    }

    private void stored(Ending ending) {
        JobResult result = ending.result();
        results.add(result);
        log.ended(ending);
        if (!ending.neverBegan()) {
            listeners.each(listener -> listener.jobEnded(ending.run(), result));
        }
    }

    private void stop() {
        drained = true;
    }
}

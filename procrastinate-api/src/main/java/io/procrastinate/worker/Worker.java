package io.procrastinate.worker;

import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.connector.BlockingThreads;
import io.procrastinate.connector.Capability;
import io.procrastinate.connector.Notification;
import io.procrastinate.connector.NotificationListener;
import io.procrastinate.connector.QueryExecutor;
import io.procrastinate.connector.Subscription;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.job.JobManager;
import io.procrastinate.schema.SchemaManager;
import io.procrastinate.task.AbortReason;
import io.procrastinate.task.TaskRegistry;
import io.procrastinate.worker.JobResult.Outcome;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches jobs, runs them and stores their results, until it is stopped. It outlives the database being away: each of its
 * activities is tried again by itself. Used once; thread-safe.
 *
 * <p>A worker that is stopped fetches no more, lets running jobs end as long as
 * {@link WorkerOptions#shutdownGracefulTimeout()} says, then asks them to stop, gives back those that did not end, and only then
 * ceases to look after its jobs and unregisters.
 */
public final class Worker implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(Worker.class);

    /** How long code that was interrupted may take to end before its job is given to others. */
    private static final Duration INTERRUPT_GRACE = Duration.ofSeconds(10);

    /** How long a stopping worker tries to store results while the database is away. */
    private static final Duration STORE_LIMIT = Duration.ofSeconds(30);

    /** How long a statement that is under way may keep a worker from stopping, within the graceful time-out. */
    private static final Duration LOOP_END_LIMIT = Duration.ofSeconds(35);

    private static final Duration FOREVER = Duration.ofDays(365);

    private final WorkerOptions options;
    private final AsyncConnector connector;
    private final WorkerStore store;
    private final Registration registration;
    private final ResultWriter writer;
    private final JobRunner runner;
    private final JobFetcher fetcher;
    private final Loop fetching;
    private final Loop storing;
    private final Loop heartbeat;
    private final Loop custody;
    private final Loop deferring;
    private final @Nullable Loop rescuing;
    private final Custody custodian;
    private final Wakeup progress = new Wakeup();
    private final AtomicBoolean started = new AtomicBoolean();
    private final CountDownLatch stopRequested = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);

    /**
     * A worker over an open connector.
     *
     * @param connector the app's connector, open
     * @param tasks the tasks that it can run
     * @param jobManager what jobs find in their context
     * @param options how it works
     */
    public Worker(AsyncConnector connector, TaskRegistry tasks, JobManager jobManager, WorkerOptions options) {
        this.options = options;
        this.connector = connector;
        // The worker's own threads may block: with a threaded connector its statements need no second thread, so that
        // jobs
        // which keep the processor busy cannot delay the heartbeat.
        this.store = new WorkerStore(SchemaManager.explainingMissingSchema(
                QueryExecutor.blocking(connector::sync).repeatingUndone()));
        this.runner = new JobRunner(options, tasks, jobManager, this::ended, this::freed, this::stop);
        this.registration = new Registration(options, store, runner);
        this.writer = new ResultWriter(store, registration, this::stored);
        this.custodian = new Custody(options, store, registration, runner, writer);
        this.fetcher = new JobFetcher(options, store, registration, custodian, runner, writer, this::stop);
        String name = options.name();
        this.fetching = new Loop(name, "fetching jobs", fetcher::fetch);
        this.storing = new Loop(name, "storing results", writer::write);
        this.heartbeat = new Loop(name, "heartbeat", registration::beat);
        this.custody = new Loop(name, "watching running jobs", custodian::check);
        this.deferring = new Loop(name, "deferring periodic tasks", new PeriodicDeferrer(options, store, tasks)::defer);
        this.rescuing = options.rescueStalledJobs()
                ? new Loop(
                        name,
                        "rescuing stalled jobs",
                        new Rescuer(options, store, registration, tasks, fetching::wake)::rescue)
                : null;
    }

    /**
     * Starts the worker on threads of its own, and returns.
     *
     * @throws IllegalStateException when the worker was started before
     */
    public void start() {
        requireFresh();
        BlockingThreads.daemons("procrastinate-" + options.name())
                .newThread(this::work)
                .start();
    }

    /**
     * Works on the calling thread until the worker is stopped, or, if it does not wait for jobs, until nothing is left to do. An
     * interrupt of the thread stops the worker gracefully, and is kept.
     *
     * @throws IllegalStateException when the worker was started before
     */
    public void run() {
        requireFresh();
        work();
    }

    private void requireFresh() {
        if (!started.compareAndSet(false, true)) {
            throw new IllegalStateException("A worker is used once: make another one");
        }
    }

    private void work() {
        LOGGER.info("Worker {}: starting on {}", options.name(), options.queuesDisplay());
        Subscription subscription = null;
        boolean interrupted = false;
        try {
            heartbeat.start();
            storing.start();
            custody.start();
            fetching.start();
            deferring.start();
            if (rescuing != null) {
                rescuing.start();
            }
            subscription = listen();
            interrupted = awaitStop();
        } finally {
            try {
                shutDown();
                if (subscription != null) {
                    subscription.close();
                }
            } finally {
                ended.countDown();
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    /** Asks the worker to stop gracefully, and returns at once. May be called by anyone, also from a job. */
    public void stop() {
        stopRequested.countDown();
    }

    /** Stops the worker gracefully and waits until it has ended. Does nothing on a worker that was not started. */
    @Override
    public void close() {
        stop();
        if (started.get()) {
            awaitEnd(FOREVER);
        }
    }

    /**
     * Waits until the worker has ended.
     *
     * @return whether it has, within the limit
     */
    public boolean awaitEnd(Duration limit) {
        try {
            return ended.await(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Waits until the worker is to stop; answers whether that is because the thread was interrupted. */
    private boolean awaitStop() {
        try {
            stopRequested.await();
            return false;
        } catch (InterruptedException e) {
            LOGGER.info("Worker {}: interrupted, stopping", options.name());
            stop();
            return true;
        }
    }

    private @Nullable Subscription listen() {
        if (!options.listenNotify()) {
            return null;
        }
        if (!connector.capabilities().contains(Capability.LISTEN)) {
            LOGGER.warn(
                    "Worker {}: the connector '{}' cannot listen for notifications, jobs are found by polling every {}",
                    options.name(),
                    connector.name(),
                    options.fetchPollingInterval());
            return null;
        }
        return connector.listen(Notifications.channels(options.queues()), new Listener());
    }

    /** What happens in order when a worker stops. */
    private void shutDown() {
        LOGGER.info(
                "Worker {}: stopping, {} jobs are running",
                options.name(),
                runner.running().size());
        long begin = System.nanoTime();
        deferring.stop();
        end(fetching, shorter(gracefulTimeout().plusSeconds(1), LOOP_END_LIMIT));
        drain(begin);
        runner.close(); // a fetch that is still under way starts nothing from now on
        if (!await(() -> writer.outstanding().isEmpty(), STORE_LIMIT)) {
            LOGGER.error(
                    "Worker {}: the results of the jobs {} could not be stored in {}, others will take these jobs for"
                            + " stalled",
                    options.name(),
                    writer.outstanding(),
                    STORE_LIMIT);
        }
        end(storing, LOOP_END_LIMIT);
        if (rescuing != null) {
            end(rescuing, LOOP_END_LIMIT);
        }
        end(deferring, LOOP_END_LIMIT);
        end(custody, LOOP_END_LIMIT);
        end(heartbeat, LOOP_END_LIMIT);
        unregister();
        LOGGER.info("Worker {}: stopped on {}", options.name(), options.queuesDisplay());
    }

    private void drain(long begin) {
        BooleanSupplier idle = () -> runner.running().isEmpty();
        if (await(idle, gracefulTimeout().minusNanos(System.nanoTime() - begin))) {
            return;
        }
        runner.running().forEach(run -> runner.abort(run.job().id(), AbortReason.SHUTDOWN));
        if (!await(idle, INTERRUPT_GRACE)) {
            Collection<RunningJob> left = runner.running();
            LOGGER.warn(
                    "Worker {}: the jobs {} did not react to being interrupted; they are given to others and may run twice",
                    options.name(),
                    left.stream().map(run -> run.job().id()).toList());
            left.forEach(runner::abandon);
        }
    }

    private Duration gracefulTimeout() {
        Duration limit = options.shutdownGracefulTimeout();
        return limit == null ? FOREVER : shorter(limit, FOREVER);
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private void end(Loop loop, Duration limit) {
        loop.stop();
        if (!loop.awaitEnd(limit)) {
            LOGGER.warn("Worker {}: a statement is still under way, not waiting for it any longer", options.name());
        }
    }

    private void unregister() {
        try {
            if (registration.exists()) {
                custodian.giveBackOrphans();
                registration.unregister();
            }
        } catch (RuntimeException e) {
            // Others take over what is left once the row is stale.
            LOGGER.warn("Worker {}: could not unregister: {}", options.name(), e.toString());
        }
    }

    /** Waits for a condition that jobs and results change. */
    private boolean await(BooleanSupplier condition, Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            progress.await(Duration.ofNanos(left));
        }
        return true;
    }

    private void ended(Ending ending) {
        writer.add(ending);
    }

    /** A run has ended: its result is to be stored, and its slot is free. */
    private void freed() {
        storing.wake();
        wakeForSlots();
        progress.raise();
    }

    private void wakeForSlots() {
        if (fetcher.wantsSlots()) {
            fetching.wake();
        }
    }

    private void stored(Ending ending) {
        JobResult result = ending.result();
        if (ending.outcome() == Outcome.RETRIED
                || !options.waitForJobs()
                || result.job().lock() != null) {
            fetching.wake();
        }
        wakeForSlots();
        progress.raise();
        log(result);
        if (options.onJobEnded() != null) {
            options.onJobEnded().accept(result);
        }
    }

    private void log(JobResult result) {
        if (result.outcome() == Outcome.LOST) {
            LOGGER.warn(
                    "Job {} ended, but was no longer this worker's: its result is not stored",
                    result.job().callString());
        } else if (result.outcome() == Outcome.FAILED) {
            LOGGER.error(
                    "Job {} ended with status: {}, lasted {} s",
                    result.job().callString(),
                    result.outcome().text(),
                    seconds(result),
                    result.failure());
        } else if (LOGGER.isInfoEnabled()) {
            String value = result.value() == null ? "" : " - Result: " + shortened(result.value());
            LOGGER.info(
                    "Job {} ended with status: {}, lasted {} s{}",
                    result.job().callString(),
                    result.outcome().text(),
                    seconds(result),
                    value);
        }
    }

    private static String seconds(JobResult result) {
        long millis = result.duration().toMillis();
        return millis / 1000 + "." + String.format("%03d", millis % 1000);
    }

    private static String shortened(Object value) {
        String text = String.valueOf(value);
        return text.length() <= 250 ? text : text.substring(0, 250) + "[...]";
    }

    /** Wakes what the database's notifications are about. */
    private final class Listener implements NotificationListener {

        @Override
        public void onListening() {
            fetching.wake();
            custody.wake();
        }

        @Override
        public void onNotification(Notification notification) {
            Notifications.message(notification).ifPresent(message -> {
                if (message.type() == Notifications.Type.JOB_INSERTED) {
                    fetching.wake();
                } else {
                    custodian.onNotification(message);
                }
            });
        }

        @Override
        public void onLost(ConnectorException cause) {
            LOGGER.debug("Worker {}: not listening, polling meanwhile", options.name(), cause);
        }
    }
}

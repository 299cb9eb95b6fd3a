package io.procrastinate.worker;

import io.procrastinate.annotation.Internal;
import io.procrastinate.connector.AsyncConnector;
import io.procrastinate.driver.Backoff;
import io.procrastinate.driver.BlockingThreads;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.WorkerFailedException;
import io.procrastinate.job.JobManager;
import io.procrastinate.task.AbortReason;
import io.procrastinate.task.TaskRegistry;
import io.procrastinate.text.Printable;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Fetches jobs, runs them and stores their results, until it is stopped. It survives outages of the database: each of
 * its activities is tried again on its own. The statements that keep it and its jobs alive never wait for a connection
 * behind these jobs, or behind the application that shares the pool. Whatever breaks between it and the database, no
 * job is lost, and none that has ended runs again, unless the worker was declared dead meanwhile. A result that the
 * database refuses is tried again, unchanged, until it is stored. For one use; thread-safe.
 *
 * <p>A notification is a hint, which anyone may have sent: it only makes the worker ask the database which jobs wait,
 * and which of its own must abort.
 *
 * <p>A worker that is stopped fetches no more, lets running jobs end for as long as
 * {@link WorkerOptions#shutdownGracefulTimeout()} says, then asks them to stop, gives back those that did not end, and
 * only then stops its heartbeat and unregisters. Results that cannot be stored because the database is away are tried
 * for 30 seconds more; then they are given up with an error in the log, and the other workers rescue the jobs as those
 * of a dead worker.
 */
public final class Worker implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(Worker.class);

    /** How long interrupted code may take to end before its job is given back. */
    private static final Duration INTERRUPT_GRACE = Duration.ofSeconds(10);

    /** How long a stopping worker tries to store results while the database is away. */
    private static final Duration STORE_LIMIT = Duration.ofSeconds(30);

    /** How long a running statement may delay the stop of a worker, within the graceful time-out. */
    private static final Duration LOOP_END_LIMIT = Duration.ofSeconds(35);

    /** How long a stopping worker tries to unregister while that fails. */
    private static final Duration UNREGISTER_LIMIT = Duration.ofSeconds(2);

    private static final Duration FOREVER = Duration.ofDays(365);

    /**
     * How often a stopping worker checks whether a thread that it waits for is itself waiting for the process to end.
     */
    private static final Duration EXIT_CHECK = Duration.ofMillis(200);

    /** How often a worker that does not wait tries to fetch despite a permanent failure. */
    private static final int MOST_REFUSALS = 5;

    private final WorkerOptions options;
    private final @Nullable Runnable opening;
    private final WorkerLog log;
    private final OwnConnection own;
    private final Registration registration;
    private final ResultWriter writer;
    private final JobRunner runner;
    private final JobFetcher fetcher;
    private final Loop connecting;
    private final Loop fetching;
    private final Loop storing;
    private final Loop heartbeat;
    private final Loop checking;
    private final Loop deferring;
    private final @Nullable Loop rescuing;
    private final Loop echoing;
    private final RunCheck runCheck;
    private final JobListener listener;
    private final ExecutorService threads = BlockingThreads.perTask("procrastinate-job");
    private final Wakeup progress = new Wakeup();
    private final AtomicBoolean started = new AtomicBoolean();
    private final CountDownLatch stopRequested = new CountDownLatch(1);
    private final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
    private final Listeners listeners;
    private final AtomicReference<WorkerHealth.State> lastState = new AtomicReference<>(WorkerHealth.State.NEW);
    private volatile boolean connected;
    private volatile @Nullable Long jobsEndBy;
    private volatile @Nullable Throwable failure;

    /**
     * Creates a worker over the app's connector.
     *
     * @param connector the app's connector
     * @param tasks the tasks that it can run
     * @param jobManager the job manager that jobs find in their context
     * @param options how it works
     * @param opening opens the connector and checks the database, and is repeated until the database is there; null if
     *     that has been done
     * @hidden
     */
    @Internal
    public Worker(
            AsyncConnector connector,
            TaskRegistry tasks,
            JobManager jobManager,
            WorkerOptions options,
            @Nullable Runnable opening) {
        this.options = options;
        this.opening = opening;
        this.listeners = new Listeners(options);
        this.own = new OwnConnection(connector);
        WorkerStore store = WorkerStore.over(connector, own, options);
        this.log = new WorkerLog(options, this::idOrNone);
        this.runner = new JobRunner(options, log, threads, tasks, jobManager, this::ended, this::freed, this::stop);
        this.registration = new Registration(options, store, runner);
        this.writer = new ResultWriter(store, registration, this::fetchesOn, runner::isIdle, this::stored);
        this.runCheck = new RunCheck(options, store, registration, runner, writer, System::nanoTime);
        this.fetcher = new JobFetcher(options, store, registration, runCheck, runner, writer, this::drained);
        this.connecting = loop("connecting", this::connect, this::connectingFailed);
        this.fetching = loop("fetching jobs", fetcher::fetch, this::fetchingFailed);
        this.storing = loop("storing results", this::store);
        this.heartbeat = loop("heartbeat", this::beat);
        this.checking = loop("watching running jobs", runCheck::check);
        this.deferring =
                loop("deferring periodic tasks", new PeriodicDeferrer(options, store, tasks, jobManager)::defer);
        this.rescuing = options.rescueStalledJobs()
                ? loop(
                        "rescuing stalled jobs",
                        new Rescuer(options, store, registration, tasks, fetching::wake)::rescue)
                : null;
        NotificationProbe probe = new NotificationProbe(options, store::notify, System::nanoTime);
        this.echoing = loop("testing notifications", probe::step);
        this.listener = new JobListener(options, connector, probe, fetching::wake, this::lookForAborts, echoing::wake);
    }

    private Loop loop(String activity, Loop.Step step) {
        return loop(activity, step, failing -> {});
    }

    private Loop loop(String activity, Loop.Step step, Consumer<Loop.Failing> whenFailed) {
        return new Loop(options.name(), activity, step, failing -> {
            if (failing.isFirst()) {
                listeners.each(listener -> listener.problemBegan(options.name(), failing.problem(activity)));
            }
            whenFailed.accept(failing);
        });
    }

    /** The worker's name, as in logs. */
    public String name() {
        return options.name();
    }

    /**
     * Starts the worker on threads of its own, and returns.
     *
     * @throws IllegalStateException if the worker was started before
     */
    public void start() {
        requireFresh();
        BlockingThreads.daemons("procrastinate-" + options.name())
                .newThread(this::work)
                .start();
    }

    /**
     * Works on the calling thread (so there is no asynchronous form) until the worker is stopped or, if it does not
     * wait for jobs, until nothing is left to do. An interrupt of the thread stops the worker gracefully, and is kept.
     *
     * @throws IllegalStateException if the worker was started before
     * @throws WorkerFailedException if it gave up, as {@link #failure()} says
     */
    public void run() {
        requireFresh();
        work();
        failure().ifPresent(cause -> {
            throw new WorkerFailedException("Worker " + options.name() + " gave up: " + cause.getMessage(), cause);
        });
    }

    private void requireFresh() {
        if (!started.compareAndSet(false, true)) {
            throw new IllegalStateException("A worker is used once: make another one");
        }
    }

    private void work() {
        log.event(Level.INFO, "start_worker").log("Starting worker on {}", options.queuesDisplay());
        boolean interrupted = false;
        try {
            if (opening == null) {
                begin();
            } else {
                noteState();
                connecting.start();
            }
            interrupted = awaitStop();
        } finally {
            noteState();
            try {
                shutDown();
            } finally {
                listener.close();
                own.close();
                ended.complete(null);
                noteState();
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    /** Opens the connector if it was not open, then starts the activities: the step of a loop. */
    private Duration connect() {
        if (opening != null) {
            opening.run();
        }
        connecting.stop();
        if (stopRequested.getCount() > 0) {
            begin();
        }
        return Duration.ZERO;
    }

    private void begin() {
        connected = true;
        noteState();
        loops().forEach(Loop::start);
        listener.open();
    }

    /** The worker's activities except connecting, in the order in which they begin. */
    private Stream<Loop> loops() {
        Stream<Loop> optional = Stream.of(rescuing, options.listenNotify() ? echoing : null);
        return Stream.concat(
                Stream.of(heartbeat, storing, checking, fetching, deferring), optional.filter(Objects::nonNull));
    }

    private void connectingFailed(Loop.Failing failing) {
        if (!mayPass(failing.last())) {
            giveUp(failing.last());
        }
    }

    /** A worker that waits for jobs also waits for the database; one that drains must not wait forever. */
    private void fetchingFailed(Loop.Failing failing) {
        if (!options.waitForJobs()
                && (mayPass(failing.last())
                        ? failing.lasting().compareTo(options.stalledWorkerTimeout()) > 0
                        : failing.times() >= MOST_REFUSALS)) {
            giveUp(failing.last());
        }
    }

    private static boolean mayPass(Throwable failure) {
        return failure instanceof ConnectorException refusal && refusal.isTransient();
    }

    private void giveUp(Throwable cause) {
        if (failure == null) {
            failure = cause;
            log.event(Level.ERROR, "worker_failed")
                    .setCause(cause)
                    .log("Worker {}: gives up: {}", options.name(), Printable.failure(cause));
        }
        stop();
    }

    /**
     * Why the worker gave up; empty while it has not. A worker that waits for jobs gives up only before it has begun:
     * if the database, away at first, refuses it for a permanent reason, such as a missing schema. One that does not
     * wait also gives up if it cannot fetch for as long as {@link WorkerOptions#stalledWorkerTimeout()}, or immediately
     * for such a reason.
     */
    public Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    /** The worker's current health. Cheap: it sends no statement. */
    public WorkerHealth health() {
        List<Loop> loops = Stream.concat(Stream.of(connecting), loops()).toList();
        return new WorkerHealth(
                state(),
                registration.lastBeat(),
                options.concurrency(),
                runner.begun(),
                runner.waiting(),
                problems(loops));
    }

    /** Whether the worker is at work and nothing is wrong, as {@link WorkerHealth#isHealthy()}. */
    public boolean isHealthy() {
        return health().isHealthy();
    }

    private WorkerHealth.State state() {
        if (ended.isDone()) {
            return WorkerHealth.State.ENDED;
        }
        if (!started.get()) {
            return WorkerHealth.State.NEW;
        }
        if (stopRequested.getCount() == 0) {
            return WorkerHealth.State.STOPPING;
        }
        return connected ? WorkerHealth.State.RUNNING : WorkerHealth.State.CONNECTING;
    }

    private void noteState() {
        WorkerHealth.State now = state();
        if (lastState.getAndSet(now) != now) {
            listeners.each(listener -> listener.stateChanged(options.name(), now));
        }
    }

    private Duration beat() {
        boolean stored = false;
        try {
            Duration pause = registration.beat();
            stored = true;
            return pause;
        } finally {
            boolean done = stored;
            listeners.each(listener -> listener.heartbeat(options.name(), done));
        }
    }

    /** Called when a worker that does not wait has nothing left to do. */
    private void drained() {
        log.event(Level.INFO, "stop_worker").log("No job found. Stopping worker because wait=False");
        stop();
    }

    /** Asks the worker to stop gracefully, and returns immediately. May be called on any thread, also by a job. */
    public void stop() {
        fetcher.stop();
        runner.stopWaiting();
        stopRequested.countDown();
    }

    /**
     * Asks the worker to stop, as {@link #stop()}, and limits how long running jobs may go on if
     * {@link WorkerOptions#shutdownGracefulTimeout()} does not.
     */
    public void stopWithin(Duration limit) {
        if (options.shutdownGracefulTimeout() == null && jobsEndBy == null) {
            jobsEndBy = System.nanoTime() + shorter(limit, FOREVER).toNanos();
        }
        stop();
        progress.raise();
    }

    /**
     * Stops the worker gracefully and waits until it has ended; there is no asynchronous form, but {@link #stop()}
     * returns immediately. Does nothing on a worker that was not started. If called by code that the worker itself
     * waits for, its jobs' or that of {@link WorkerOptions#listeners()}, on a thread of the worker, this does not
     * wait, like {@link #stop()}.
     */
    @Override
    public void close() {
        stop();
        if (started.get() && !waitsForThisThread()) {
            awaitEnd(FOREVER);
        }
    }

    /**
     * Whether the worker waits for the current thread before it ends: it is a thread of the worker that runs one of its
     * jobs, or {@link WorkerOptions#listeners()}.
     *
     * @hidden
     */
    @Internal
    public boolean waitsForThisThread() {
        return runner.isInJob() || loops().anyMatch(Loop::isOnCurrentThread);
    }

    /**
     * A stage that completes when the worker has ended, also if it gave up, which {@link #failure()} says; never on a
     * worker that is not started. The stage never fails, and completing it has no effect on the worker.
     */
    public CompletionStage<@Nullable Void> ended() {
        return ended.minimalCompletionStage();
    }

    /**
     * Waits until the worker has ended. There is no asynchronous form, but {@link #ended()} does not wait.
     *
     * @return whether it has, within the limit
     */
    public boolean awaitEnd(Duration limit) {
        try {
            ended.get(shorter(limit, FOREVER).toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException e) {
            return false;
        }
    }

    /** Waits until the worker must stop; returns whether that is because the thread was interrupted. */
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

    /** What happens in order when a worker stops. */
    private void shutDown() {
        log.event(Level.INFO, "stopping_worker").log("Stop requested");
        long begin = System.nanoTime();
        end(connecting, LOOP_END_LIMIT);
        runner.running().stream().filter(RunningJob::hasBegun).forEach(log::awaited);
        deferring.stop();
        end(fetching, shorter(gracefulTimeout().plusSeconds(1), LOOP_END_LIMIT));
        drain(begin);
        if (rescuing != null) {
            rescuing.stop(); // stopped together: both may be waiting for the pool
        }
        threads.shutdown(); // a fetch that is still running starts nothing from now on
        if (!awaitResults()) {
            LOGGER.error(
                    "Worker {}: the results of the jobs {} could not be stored in {}, other workers will rescue"
                            + " these jobs as stalled",
                    options.name(),
                    writer.outstanding(),
                    STORE_LIMIT);
        }
        end(storing, LOOP_END_LIMIT);
        if (rescuing != null) {
            end(rescuing, LOOP_END_LIMIT);
        }
        end(deferring, LOOP_END_LIMIT);
        end(echoing, LOOP_END_LIMIT);
        end(checking, LOOP_END_LIMIT);
        end(heartbeat, LOOP_END_LIMIT);
        unregister();
        log.event(Level.INFO, "stop_worker").log("Stopped worker on {}", options.queuesDisplay());
    }

    private void drain(long begin) {
        BooleanSupplier idle = () -> {
            runner.endExits();
            return runner.isIdle();
        };
        if (await(idle, () -> jobsEndBy(begin))) {
            return;
        }
        runner.running().forEach(run -> runner.abort(run, AbortReason.SHUTDOWN));
        long end = System.nanoTime() + INTERRUPT_GRACE.toNanos();
        if (!await(idle, () -> end)) {
            Collection<RunningJob> left = runner.running();
            LOGGER.warn(
                    "Worker {}: the jobs {} did not react to being interrupted; they are given back and may run"
                            + " twice",
                    options.name(),
                    left.stream().map(run -> run.job().id()).toList());
            left.forEach(runner::abandon);
        }
    }

    private long jobsEndBy(long begin) {
        Long limit = jobsEndBy;
        return limit == null ? begin + gracefulTimeout().toNanos() : limit;
    }

    private boolean awaitResults() {
        long end = System.nanoTime() + STORE_LIMIT.toNanos();
        return await(
                () -> {
                    if (storing.isEndingTheProcess()) {
                        storeInItsPlace();
                    }
                    return writer.outstanding().isEmpty();
                },
                () -> end);
    }

    /**
     * The thread that stores results is in a listener of the application that ends the process, and does not return.
     */
    private void storeInItsPlace() {
        try {
            store();
        } catch (RuntimeException e) {
            LOGGER.debug("Worker {}: storing results failed", options.name(), e);
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
        if (!loop.isEndingTheProcess() && !loop.awaitEnd(limit)) {
            LOGGER.warn("Worker {}: a statement is still running, not waiting for it any longer", options.name());
        }
    }

    /** If that fails permanently, other workers take over what is left once the row is stale. */
    private void unregister() {
        long begin = System.nanoTime();
        for (int failures = 1; registration.exists(); failures++) {
            // A database that refuses, rather than being away, meanwhile gives other workers what was not given back.
            Duration limit = STORE_LIMIT;
            RuntimeException failure = null;
            try {
                if (runCheck.giveBackLostFetches()) {
                    limit = UNREGISTER_LIMIT;
                    registration.unregister();
                    return;
                }
            } catch (RuntimeException e) {
                failure = e;
                limit = mayPass(e) ? UNREGISTER_LIMIT : limit;
            }
            Duration pause = Backoff.RECONNECT.after(failures);
            if (System.nanoTime() + pause.toNanos() - begin > limit.toNanos()) {
                LOGGER.warn(
                        "Worker {}: could not unregister: {}",
                        options.name(),
                        failure == null ? "jobs could not be given back" : Printable.failure(failure));
                return;
            }
            progress.await(pause);
        }
    }

    /**
     * Waits for a condition that jobs and results change, until a time of {@link System#nanoTime()} that may change,
     * too.
     */
    private boolean await(BooleanSupplier condition, LongSupplier end) {
        while (!condition.getAsBoolean()) {
            long left = end.getAsLong() - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            progress.await(Duration.ofNanos(Math.min(left, EXIT_CHECK.toNanos())));
        }
        return true;
    }

    /** The step of a loop. A result that was put off frees its slot. */
    private Duration store() {
        try {
            return writer.write();
        } finally {
            wakeForSlots();
        }
    }

    private void lookForAborts() {
        runCheck.hint();
        checking.wake();
    }

    private boolean fetchesOn() {
        return fetcher.fetchesOn();
    }

    private long idOrNone() {
        return registration.idOrNone();
    }

    private void ended(Ending ending) {
        writer.add(ending);
    }

    /** A run has ended: its result must be stored, and its slot is free. */
    private void freed() {
        if (writer.wantsResults()) {
            storing.wake();
        }
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
        if (ending.outcome() == JobResult.Outcome.RETRIED
                || !options.waitForJobs()
                || result.job().lock() != null) {
            fetching.wake();
        }
        wakeForSlots();
        progress.raise();
        log.ended(ending);
        if (!ending.neverBegan() && storing.isOnCurrentThread()) {
            listeners.each(listener -> listener.jobEnded(ending.run(), result));
        }
    }

    private List<WorkerHealth.Problem> problems(List<Loop> loops) {
        return Stream.of(
                        loops.stream().flatMap(loop -> loop.problem().stream()),
                        registration.problem().stream(),
                        listener.problem().stream())
                .flatMap(each -> each)
                .toList();
    }
}

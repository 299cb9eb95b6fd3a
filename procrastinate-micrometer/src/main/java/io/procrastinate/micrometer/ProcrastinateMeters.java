package io.procrastinate.micrometer;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.LongTaskTimer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.procrastinate.App;
import io.procrastinate.driver.Durations;
import io.procrastinate.driver.Stages;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.job.DeferContext;
import io.procrastinate.job.DeferMiddleware;
import io.procrastinate.job.Job;
import io.procrastinate.job.NewJob;
import io.procrastinate.task.JobContext;
import io.procrastinate.task.Periodic;
import io.procrastinate.task.Task;
import io.procrastinate.task.TaskRegistry;
import io.procrastinate.worker.JobResult;
import io.procrastinate.worker.Worker;
import io.procrastinate.worker.WorkerHealth;
import io.procrastinate.worker.WorkerListener;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The meters of an app, {@code procrastinate.*}: what it defers, what its workers do, and what waits in the database.
 * One for each app. It is given to the app as a middleware of deferrals and to each worker as a listener, and binds to
 * the application's registry:
 *
 * <pre>{@code
 * ProcrastinateMeters meters = ProcrastinateMeters.create();
 * App app = App.builder().deferMiddleware(meters).build();
 * Worker worker = app.worker(WorkerOptions.builder().listener(meters).build());
 * meters.watch(app);
 * meters.watch(worker);
 * meters.bindTo(registry);
 * }</pre>
 *
 * <p>What it is not given to, it does not measure. Tags have few values: at most 200 queues, then {@code (other)}; a
 * job whose task the program does not have is of the task {@code (unknown)}; neither ids nor locks nor arguments are
 * tags. Reading the meters sends no statement: one thread reads the backlog of the database, every 15 seconds unless
 * told otherwise. Each process that watches an app does so, and shows the same numbers.
 *
 * <p>Thread-safe. Several registries may be bound; each gets what happens from then on.
 */
public final class ProcrastinateMeters implements MeterBinder, DeferMiddleware, WorkerListener, AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(ProcrastinateMeters.class);

    /** The attribute of a run that holds what measures how long it has been going on. */
    private static final String ACTIVE = ProcrastinateMeters.class.getName() + ".active";

    private final CompositeMeterRegistry registry = new CompositeMeterRegistry();
    private final Names queues = new Names();
    private final Names externalTasks = new Names();
    private final Names exceptions = new Names();
    private final WorkerGauges workers = new WorkerGauges(registry, InstantSource.system());
    private final BacklogGauges backlog;
    private volatile @Nullable TaskRegistry tasks;

    private ProcrastinateMeters(Duration interval) {
        this.backlog = new BacklogGauges(registry, queues, interval);
    }

    /** Creates meters that read the backlog every 15 seconds. */
    public static ProcrastinateMeters create() {
        return create(Duration.ofSeconds(15));
    }

    /**
     * Creates meters.
     *
     * @param backlogInterval the pause between two readings of the backlog, positive
     * @throws IllegalArgumentException if it is not positive
     */
    public static ProcrastinateMeters create(Duration backlogInterval) {
        return new ProcrastinateMeters(Durations.positive("interval of reading the backlog", backlogInterval));
    }

    /** Adds the meters to a registry. */
    @Override
    public void bindTo(MeterRegistry target) {
        registry.add(target);
    }

    /**
     * Begins to read the backlog of the app's database, until this is closed. The app may be opened later, and its
     * database may be away: the meters of the backlog, {@code procrastinate.backlog.*} and
     * {@code procrastinate.workers}, are absent while it cannot be read.
     */
    public void watch(App app) {
        tasks = app.tasks();
        backlog.start(new AppBacklog(app.jobManager()));
    }

    /** Adds the gauges of a worker, {@code procrastinate.worker.*}, until it ends. */
    public void watch(Worker worker) {
        workers.add(worker);
    }

    /** Counts what is deferred, or refused because of a queueing lock. */
    @Override
    public CompletionStage<List<Long>> around(DeferContext context, Next next) {
        List<NewJob> jobs = context.jobs();
        boolean joined = context.joined();
        return next.run(jobs).whenComplete((ids, failure) -> {
            try {
                deferred(jobs, joined, failure);
            } catch (RuntimeException e) { // of the registry; the jobs are deferred whatever is counted
                LOGGER.warn("Cannot count deferred jobs", e);
            }
        });
    }

    private void deferred(List<NewJob> jobs, boolean joined, @Nullable Throwable failure) {
        if (failure == null) {
            jobs.forEach(job -> count(
                    "procrastinate.jobs.deferred",
                    "Jobs that were deferred",
                    deferredTags(job).and("joined", Boolean.toString(joined))));
        } else if (Stages.cause(failure) instanceof AlreadyEnqueuedException) {
            jobs.forEach(job -> count(
                    "procrastinate.jobs.refused",
                    "Jobs that were not deferred because a queueing lock was taken",
                    deferredTags(job)));
        }
    }

    private Tags deferredTags(NewJob job) {
        // The name is the program's own, not one of the database's; only a few are of tasks in other programs.
        String name = job.taskName();
        String known = task(tasks, name);
        return Tags.of(
                "queue", queues.of(job.queue()), "task", known.equals(Names.UNKNOWN) ? externalTasks.of(name) : known);
    }

    @Override
    public void jobStarted(JobContext context) {
        Job job = context.job();
        Tags tags = tags(context);
        Duration waited = job.waited();
        if (waited != null) {
            Timer.builder("procrastinate.job.wait")
                    .description("Time from when a job was due until its run began")
                    .tags(tags)
                    .register(registry)
                    .record(waited);
        }
        LongTaskTimer.Sample active = LongTaskTimer.builder("procrastinate.job.active")
                .description("Runs that go on")
                .tags(tags)
                .register(registry)
                .start();
        context.attributes().put(ACTIVE, active);
    }

    @Override
    public void jobEnded(JobContext context, JobResult result) {
        // A job that was given back before its code began has none.
        if (context.attributes().remove(ACTIVE) instanceof LongTaskTimer.Sample active) {
            active.stop();
        }
        Throwable failure = result.failure();
        Timer.builder("procrastinate.job.run")
                .description("Runs of jobs that ended")
                .tags(tags(context))
                .tag("outcome", result.outcome().name().toLowerCase(Locale.ROOT))
                .tag("exception", failure == null ? "none" : exceptions.of(simpleName(failure)))
                .register(registry)
                .record(result.duration());
    }

    @Override
    public void periodicDeferred(String worker, Task<?> task, Periodic periodic, Instant time, long jobId) {
        count("procrastinate.periodic.deferred", "Jobs that schedules deferred", Tags.of("task", task.name()));
    }

    @Override
    public void periodicSkipped(String worker, Task<?> task, Periodic periodic, Instant time) {
        count(
                "procrastinate.periodic.skipped",
                "Times of schedules that were skipped because the queueing lock was taken",
                Tags.of("task", task.name()));
    }

    @Override
    public void jobsRescued(String worker, List<Job> jobs) {
        jobs.forEach(job -> count(
                "procrastinate.jobs.rescued",
                "Jobs that were taken over from dead workers",
                Tags.of("task", task(tasks, job.taskName()))));
    }

    @Override
    public void problemBegan(String worker, WorkerHealth.Problem problem) {
        count(
                "procrastinate.worker.problems",
                "Times that an activity of a worker began to fail",
                Tags.of("worker", worker, "activity", problem.activity()));
    }

    /** Ends reading the backlog; the gauges disappear, while counters and timers stay with what they have. */
    @Override
    public void close() {
        backlog.close();
        workers.clear();
    }

    private void count(String name, String description, Tags tags) {
        Counter.builder(name)
                .description(description)
                .tags(tags)
                .register(registry)
                .increment();
    }

    private Tags tags(JobContext context) {
        return Tags.of(
                "queue",
                queues.of(context.job().queue()),
                "task",
                task(context.tasks(), context.job().taskName()));
    }

    private static String task(@Nullable TaskRegistry tasks, String name) {
        return tasks == null ? Names.UNKNOWN : Names.task(tasks, name);
    }

    private static String simpleName(Throwable failure) {
        String name = failure.getClass().getName();
        return name.substring(name.lastIndexOf('.') + 1);
    }
}

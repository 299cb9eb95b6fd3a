package io.procrastinate.worker;

import io.procrastinate.connector.SqlState;
import io.procrastinate.exception.AlreadyEnqueuedException;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.ProcrastinateException;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.NewJob;
import io.procrastinate.task.Periodic;
import io.procrastinate.task.Task;
import io.procrastinate.task.TaskRegistry;
import io.procrastinate.text.Printable;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Defers the jobs of periodic tasks when they are due by the database's clock. Every worker does this; the database
 * accepts each time only once.
 */
final class PeriodicDeferrer {

    private static final Logger LOGGER = LoggerFactory.getLogger(PeriodicDeferrer.class);

    /** New tasks may be registered while the worker runs, and the clocks of two machines drift apart. */
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

    private final WorkerOptions options;
    private final WorkerStore store;
    private final TaskRegistry tasks;
    private final JobManager jobManager;
    private final Listeners listeners;
    private final Map<Key, Instant> seenUntil = new HashMap<>();

    PeriodicDeferrer(WorkerOptions options, WorkerStore store, TaskRegistry tasks, JobManager jobManager) {
        this.options = options;
        this.store = store;
        this.tasks = tasks;
        this.jobManager = jobManager;
        this.listeners = new Listeners(options);
    }

    /**
     * Defers what is due now: the step of a loop. If one schedule fails, its time stays due, and the others go on.
     *
     * @throws ProcrastinateException at the end, when one has failed
     */
    Duration defer() {
        if (tasks.all().stream().allMatch(task -> task.periodics().isEmpty())) {
            return LONGEST_PAUSE;
        }
        Instant now = store.now();
        Duration pause = LONGEST_PAUSE;
        Map<Key, Throwable> failures = new LinkedHashMap<>();
        for (Task<?> task : tasks.all()) {
            for (Periodic periodic : task.periodics()) {
                try {
                    deferDue(task, periodic, now);
                } catch (RuntimeException | Error e) { // errors too: the codec runs code of the application
                    if (isAway(e)) {
                        throw e;
                    }
                    failures.put(new Key(task.name(), periodic.id()), e);
                }
                Optional<Duration> wait = periodic.schedule().after(now).map(next -> Duration.between(now, next));
                if (wait.isPresent() && wait.get().compareTo(pause) < 0) {
                    pause = wait.get();
                }
            }
        }
        if (!failures.isEmpty()) {
            throw failed(failures);
        }
        return pause;
    }

    /**
     * Whether the database is away, for every schedule. A passed deadline may be due to something that only this
     * schedule waits for.
     */
    private static boolean isAway(Throwable failure) {
        return failure instanceof ConnectorException refusal
                && refusal.isTransient()
                && !SqlState.QUERY_CANCELED.equals(refusal.sqlState());
    }

    private static ProcrastinateException failed(Map<Key, Throwable> failures) {
        String reasons = failures.entrySet().stream()
                .map(failure -> failure.getKey() + ": " + Printable.failure(failure.getValue()))
                .collect(Collectors.joining("; "));
        Iterator<Throwable> causes = failures.values().iterator();
        ProcrastinateException failed =
                new ProcrastinateException("Cannot defer jobs of periodic tasks: " + reasons, causes.next());
        causes.forEachRemaining(failed::addSuppressed);
        return failed;
    }

    /** Defers at first only the last time that has passed, from then on every one, but none that is too long ago. */
    private void deferDue(Task<?> task, Periodic periodic, Instant now) {
        Key key = new Key(task.name(), periodic.id());
        Instant seen = seenUntil.get(key);
        Optional<Instant> due = seen == null
                ? periodic.schedule().atOrBefore(now)
                : periodic.schedule().after(seen).filter(time -> !time.isAfter(now));
        while (due.isPresent()) {
            Instant time = due.get();
            if (Duration.between(time, now).compareTo(options.periodicMaxDelay()) > 0) {
                logged(Level.DEBUG, "ignore_periodic_task", task)
                        .log(
                                "Not deferring {} for {}: that is more than {} ago",
                                key,
                                time,
                                options.periodicMaxDelay());
            } else {
                defer(task, periodic, time);
            }
            seenUntil.put(key, time);
            due = periodic.schedule().after(time).filter(next -> !next.isAfter(now));
        }
        seenUntil.putIfAbsent(key, now);
    }

    private void defer(Task<?> task, Periodic periodic, Instant time) {
        NewJob job = tasks.job(task, periodic, time);
        try {
            Long id = jobManager.deferPeriodic(job, changed -> store.deferPeriodic(changed, periodic.id(), time));
            if (id == null) {
                logged(Level.DEBUG, "periodic_task_already_deferred", task)
                        .log("Periodic job of {} for {} was deferred already", task.name(), time);
            } else {
                logged(Level.INFO, "periodic_task_deferred", task)
                        .addKeyValue("job_id", id)
                        .log("Deferred periodic job {} of {} for {}", id, task.name(), time);
                listeners.each(listener -> listener.periodicDeferred(options.name(), task, periodic, time, id));
            }
        } catch (AlreadyEnqueuedException e) {
            logged(Level.DEBUG, "skip_periodic_task_queueing_lock", task)
                    .setCause(e)
                    .log("Skipped the periodic job of {} for {}: its queueing lock is taken", task.name(), time);
            listeners.each(listener -> listener.periodicSkipped(options.name(), task, periodic, time));
        }
    }

    private static LoggingEventBuilder logged(Level level, String action, Task<?> task) {
        return LOGGER.atLevel(level).addKeyValue("action", action).addKeyValue("task", task.name());
    }

    private record Key(String task, String periodicId) {

        @Override
        public String toString() {
            return periodicId.isEmpty() ? task : task + " (" + periodicId + ")";
        }
    }
}

package io.procrastinate.worker;

import io.procrastinate.connector.SqlState;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.UniqueViolationException;
import io.procrastinate.job.Job;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Fetches as many jobs as can run, in one round trip, and starts them. */
final class JobFetcher {

    private static final int MOST_ATTEMPTS = 10;

    /** How often to look for jobs that the database believes to run here although they do not. */
    private static final Duration ORPHAN_CHECK = Duration.ofSeconds(30);

    /** How often to look whether the database has our indexes: they can come and go while the worker runs. */
    private static final Duration INDEX_CHECK = Duration.ofMinutes(1);

    private final WorkerOptions options;
    private final WorkerStore store;
    private final Registration registration;
    private final Custody custody;
    private final JobRunner runner;
    private final ResultWriter writer;
    private final Runnable whenDrained;
    private final @Nullable List<String> queues;
    private boolean answerLost;
    private boolean indexed;
    private long nextIndexCheck = System.nanoTime();
    private long nextOrphanCheck = System.nanoTime() + ORPHAN_CHECK.toNanos();

    /** @param whenDrained is called when the worker does not wait, nothing is left to fetch, and nothing runs */
    JobFetcher(
            WorkerOptions options,
            WorkerStore store,
            Registration registration,
            Custody custody,
            JobRunner runner,
            ResultWriter writer,
            Runnable whenDrained) {
        this.options = options;
        this.store = store;
        this.registration = registration;
        this.custody = custody;
        this.runner = runner;
        this.writer = writer;
        this.whenDrained = whenDrained;
        this.queues = options.queues().isEmpty() ? null : options.queues();
    }

    /** Fetches once: the step of a loop, which is woken when a slot is freed or a job may be there. */
    Duration fetch() {
        if (answerLost || System.nanoTime() - nextOrphanCheck >= 0) {
            custody.giveBackOrphans();
            nextOrphanCheck = System.nanoTime() + ORPHAN_CHECK.toNanos();
            answerLost = false;
        }
        if (System.nanoTime() - nextIndexCheck >= 0) {
            indexed = store.hasIndexes();
            nextIndexCheck = System.nanoTime() + INDEX_CHECK.toNanos();
        }
        int slots = runner.freeSlots();
        if (slots == 0) {
            return options.fetchPollingInterval();
        }
        boolean busyBefore = isBusy();
        List<Job> jobs = fetch(slots);
        if (jobs.size() == slots) {
            return Duration.ZERO; // there may be more, and a slot may have been freed meanwhile
        }
        if (!options.waitForJobs() && jobs.isEmpty() && !busyBefore) {
            whenDrained.run();
        }
        return untilNextDue();
    }

    private List<Job> fetch(int slots) {
        ConnectorException refusal = null;
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            long workerId = registration.id();
            answerLost = true;
            try {
                List<Job> jobs = store.fetch(workerId, queues, slots, indexed);
                jobs.forEach(job -> runner.start(job, workerId));
                answerLost = false;
                return jobs;
            } catch (UniqueViolationException e) {
                // A better-ranked job of a lock came between: the statement undid itself, and a second look sees it.
                refusal = e;
            } catch (ConnectorException e) {
                if (!SqlState.FOREIGN_KEY_VIOLATION.equals(e.sqlState())) {
                    throw e;
                }
                refusal = e;
                registration.renew(workerId);
            }
        }
        throw new ConnectorException(
                "Fetching jobs was refused " + MOST_ATTEMPTS + " times in a row", null, true, refusal);
    }

    /** A job that runs, or whose result is not stored, may free a lock or defer another one. */
    private boolean isBusy() {
        return !runner.running().isEmpty() || !writer.outstanding().isEmpty();
    }

    private Duration untilNextDue() {
        Duration poll = options.fetchPollingInterval();
        OptionalLong due = store.millisToNextDue(queues, indexed);
        return due.isPresent() && due.getAsLong() < poll.toMillis()
                ? Duration.ofMillis(Math.max(1, due.getAsLong()))
                : poll;
    }
}

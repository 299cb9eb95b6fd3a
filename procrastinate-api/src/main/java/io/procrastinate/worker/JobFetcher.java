package io.procrastinate.worker;

import io.procrastinate.connector.SqlState;
import io.procrastinate.driver.Backoff;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.UniqueViolationException;
import io.procrastinate.job.Job;
import io.procrastinate.worker.WorkerStore.NextDue;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** Fetches as many jobs as can run or wait in the local queue, in one round trip, and starts them. */
final class JobFetcher {

    private static final int MOST_ATTEMPTS = 10;

    /**
     * How long after an answer was lost to check again for jobs that, according to the database, run here although they
     * do not: the server may continue a statement, and commit it, long after its client has lost the connection.
     */
    private static final Backoff LOST_FETCH_CHECKS = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30));

    /** How often to look which layout the tables have: it can be changed while the worker runs. */
    private static final Duration LAYOUT_CHECK = Duration.ofMinutes(1);

    /** How many times shorter than the polling interval the first pause is after a job was found. */
    private static final int SOONER = 8;

    /** How many results may wait to be stored before no more jobs are fetched, unless the concurrency asks for more. */
    private static final int LEAST_UNSTORED = 200;

    /** After how many failed cheap fetches in a row the pauses between them stop growing. */
    private static final int MOST_DOUBLINGS = 6;

    private final WorkerOptions options;
    private final WorkerStore store;
    private final Registration registration;
    private final RunCheck runCheck;
    private final JobRunner runner;
    private final ResultWriter writer;
    private final Runnable whenDrained;
    private final Listeners listeners;
    private final @Nullable List<String> queues;
    private final int mostUnstored;
    private final Backoff polls;
    private final BatchDelay batchDelay = new BatchDelay(System::nanoTime);
    private int looksInVain;
    private volatile boolean stopped;
    private volatile boolean waitsForSlot;
    private volatile boolean waitsForManySlots;
    private boolean moreWait;
    private volatile int prefetched;
    private boolean answerLost;
    private int freeInVain;
    private int freePause;
    private long nextLayoutCheck = System.nanoTime();
    private long dueAskedAt;
    private int lostFetchChecks = 10; // as if the last loss were long ago
    private long nextLostFetchCheck =
            System.nanoTime() + LOST_FETCH_CHECKS.cap().toNanos();

    /** @param whenDrained called when the worker does not wait, nothing is left to fetch, and nothing runs */
    JobFetcher(
            WorkerOptions options,
            WorkerStore store,
            Registration registration,
            RunCheck runCheck,
            JobRunner runner,
            ResultWriter writer,
            Runnable whenDrained) {
        this.options = options;
        this.store = store;
        this.registration = registration;
        this.runCheck = runCheck;
        this.runner = runner;
        this.writer = writer;
        this.whenDrained = whenDrained;
        this.listeners = new Listeners(options);
        this.queues = options.queues().isEmpty() ? null : options.queues();
        this.mostUnstored = Math.max(LEAST_UNSTORED, 2 * (options.concurrency() + options.localQueueSize()));
        Duration poll = options.fetchPollingInterval();
        // A pause is between half and all of the backoff's current delay: on average, the interval.
        this.polls = new Backoff(
                poll.dividedBy(SOONER).plusNanos(1),
                poll.multipliedBy(4).dividedBy(3).plusNanos(1));
    }

    /**
     * Stops fetching, even for a slot that is freed before the loop has ended. Jobs of a running fetch are given back.
     */
    void stop() {
        stopped = true;
    }

    /** Whether jobs that are fetched from now on are started. */
    boolean fetchesOn() {
        return !stopped;
    }

    /** Whether to wake the loop of {@link #fetch()} when a slot is freed or a result is stored. */
    boolean wantsSlots() {
        return waitsForSlot || (waitsForManySlots && (slots() >= manySlots() || runner.isIdle()));
    }

    /** Fetches once: the step of a loop, which is woken when a slot is freed or there may be a job. */
    Duration fetch() {
        Duration pause = look();
        Duration expiry = runner.giveBackExpired();
        return expiry != null && expiry.compareTo(pause) < 0 ? expiry : pause;
    }

    private Duration look() {
        answerLost |= writer.takeLeftUnsure();
        if (answerLost || System.nanoTime() - nextLostFetchCheck >= 0) {
            lostFetchChecks = answerLost ? 1 : lostFetchChecks + 1;
            runCheck.giveBackLostFetches();
            nextLostFetchCheck =
                    System.nanoTime() + LOST_FETCH_CHECKS.after(lostFetchChecks).toNanos();
            answerLost = false;
        }
        if (System.nanoTime() - nextLayoutCheck >= 0) {
            store.lookAtLayout();
            nextLayoutCheck = System.nanoTime() + LAYOUT_CHECK.toNanos();
        }
        // Only if more jobs wait than can run: other workers may be idle.
        prefetched = moreWait ? runner.room() : 0;
        // Set before the slots are counted, so that one that is freed meanwhile wakes the loop.
        waitsForSlot = true;
        int slots = slots();
        if (slots == 0) {
            return options.fetchPollingInterval();
        }
        waitsForSlot = false;
        waitsForManySlots = true;
        Duration untilMore = untilManySlots();
        if (!untilMore.isZero()) {
            return untilMore;
        }
        waitsForManySlots = false;
        boolean busyBefore = isBusy();
        long began = System.nanoTime();
        List<Job> jobs = fetch(slots);
        batchDelay.ended(began);
        moreWait = jobs.size() == slots;
        looksInVain = jobs.isEmpty() ? looksInVain + 1 : 0;
        if (moreWait || stopped) {
            return Duration.ZERO; // a slot may have been freed meanwhile, or the loop may be ending
        }
        if (!options.waitForJobs() && jobs.isEmpty() && !busyBefore) {
            whenDrained.run();
        }
        return untilNextDue();
    }

    /**
     * How many jobs may be fetched. If results cannot be stored as fast as jobs run, running more would only fill the
     * heap.
     */
    private int slots() {
        int free = writer.unstored() >= mostUnstored
                ? 0
                : Math.max(0, runner.freeSlots() + prefetched - writer.holdingSlots());
        return stopped ? 0 : free; // checked last: a job may stop its worker and end while slots are counted
    }

    private int manySlots() {
        return (3 * (options.concurrency() + prefetched) + 3) / 4;
    }

    /** How much longer to let slots become free before fetching, if more jobs wait than can run. */
    private Duration untilManySlots() {
        return !moreWait || slots() >= manySlots() || runner.isIdle() ? Duration.ZERO : batchDelay.left();
    }

    private List<Job> fetch(int slots) {
        ConnectorException refusal = null;
        for (int attempt = 0; attempt < MOST_ATTEMPTS && !stopped; attempt++) {
            long workerId = registration.id();
            answerLost = true;
            try {
                List<Job> jobs = take(workerId, slots);
                if (!jobs.isEmpty()) {
                    listeners.each(listener -> listener.jobsFetched(options.name(), jobs.size()));
                }
                List<Job> left = jobs.subList(start(jobs, workerId), jobs.size());
                if (!left.isEmpty()) {
                    store.giveBack(left.stream()
                            .map(job -> new RunningJob.Claim(job.id(), job.attempts(), workerId))
                            .toList());
                }
                answerLost = false;
                return jobs;
            } catch (UniqueViolationException e) {
                // A better-ranked job of a lock arrived in between: the statement undid itself, and a repetition sees
                // that job.
                refusal = e;
            } catch (ConnectorException e) {
                if (!SqlState.FOREIGN_KEY_VIOLATION.equals(e.sqlState())) {
                    throw e;
                }
                refusal = e;
                if (!stopped) {
                    registration.renew(workerId);
                }
            }
        }
        if (stopped) {
            return List.of();
        }
        throw new ConnectorException(
                "Fetching jobs was refused " + MOST_ATTEMPTS + " times in a row", null, true, refusal);
    }

    /** Tries the cheap fetch first, less and less often while that cannot tell which jobs there are. */
    private List<Job> take(long workerId, int slots) {
        if (store.fetchesFree() && --freePause < 0) {
            List<Job> jobs = store.fetchFree(workerId, queues, slots);
            freeInVain = jobs == null ? Math.min(freeInVain + 1, MOST_DOUBLINGS) : 0;
            freePause = jobs == null ? 1 << freeInVain : 0;
            // If more wait, but all are locked by other fetches, whatever those leave is free in a moment.
            if (jobs != null && !(moreWait && jobs.isEmpty())) {
                return jobs;
            }
        }
        return store.fetch(workerId, queues, slots);
    }

    /** Starts jobs until the worker is stopped; returns how many were started. */
    private int start(List<Job> jobs, long workerId) {
        int started = 0;
        try {
            while (started < jobs.size() && !stopped) {
                runner.start(jobs.get(started), workerId);
                started++;
            }
        } catch (RejectedExecutionException e) {
            if (!stopped) {
                throw e;
            }
        }
        return started;
    }

    /** A job that is running, or whose result is not stored yet, may free a lock or defer another job. */
    private boolean isBusy() {
        return !runner.running().isEmpty() || !writer.outstanding().isEmpty() || writer.hasLeftUnsure();
    }

    /**
     * How long to pause. Asks for jobs due since the last question, which was before the fetch: otherwise a job that
     * became due after the fetch would be overlooked.
     */
    private Duration untilNextDue() {
        Duration poll = polls.after(looksInVain);
        NextDue next = store.nextDue(queues, dueAskedAt);
        dueAskedAt = next.askedAt();
        Duration due = next.in();
        return due != null && due.compareTo(poll) < 0 ? due : poll;
    }
}

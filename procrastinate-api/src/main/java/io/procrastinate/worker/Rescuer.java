package io.procrastinate.worker;

import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.JobStalledException;
import io.procrastinate.job.Job;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.task.TaskRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes over the jobs of workers without a recent heartbeat, in the queues that this worker serves: retries them if the
 * task's retry strategy says so, else fails them, so that their locks are freed. It waits until {@link RescueGuard}
 * permits it: right after an outage of the database every worker looks dead.
 */
final class Rescuer {

    private static final Logger LOGGER = LoggerFactory.getLogger(Rescuer.class);
    private static final Duration MOST_BETWEEN = Duration.ofSeconds(10);
    private static final int CHUNK = 100;

    private final WorkerOptions options;
    private final WorkerStore store;
    private final Registration registration;
    private final TaskRegistry tasks;
    private final Runnable whenRetried;
    private final Abandoned abandoned;
    private final Listeners listeners;
    private final Set<Long> refused = new HashSet<>();
    private long afterId;

    Rescuer(
            WorkerOptions options,
            WorkerStore store,
            Registration registration,
            TaskRegistry tasks,
            Runnable whenRetried) {
        this.options = options;
        this.store = store;
        this.registration = registration;
        this.tasks = tasks;
        this.whenRetried = whenRetried;
        this.listeners = new Listeners(options);
        this.abandoned = new Abandoned(options.stalledWorkerTimeout(), System::nanoTime);
    }

    /** Rescues what is stalled now: the step of a loop. */
    Duration rescue() {
        RescueGuard.Permit permit = registration.permit();
        if (permit == null) {
            return pause();
        }
        List<String> queues = options.queues().isEmpty() ? null : options.queues();
        List<Job> stalled = store.stalled(permit, queues, afterId, CHUNK);
        List<Job> certain = stalled.stream().filter(abandoned::isCertain).toList();
        if (!certain.isEmpty()) {
            rescue(
                    permit,
                    certain.stream()
                            .map(job -> new WorkerStore.Rescue(job, decide(job)))
                            .toList());
        }
        if (stalled.size() == CHUNK) {
            afterId = stalled.get(CHUNK - 1).id();
            return Duration.ZERO;
        }
        afterId = 0;
        abandoned.endRound();
        store.prune(permit, CHUNK);
        return pause();
    }

    /**
     * If the database refuses a batch, sends each job alone, so that one refused job does not prevent the rescue of the
     * others.
     */
    private void rescue(RescueGuard.Permit permit, List<WorkerStore.Rescue> rescues) {
        Map<Long, String> outcomes;
        try {
            outcomes = store.rescue(permit, rescues);
        } catch (ConnectorException e) {
            if (e.isTransient()) {
                throw e;
            }
            if (rescues.size() > 1) {
                rescues.forEach(rescue -> rescue(permit, List.of(rescue)));
            } else {
                refused(rescues.get(0).job(), e);
            }
            return;
        }
        outcomes.forEach((id, status) -> LOGGER.warn(
                "Worker {}: rescued job {} of a worker without a heartbeat for {}: now {}",
                options.name(),
                id,
                options.stalledWorkerTimeout(),
                status.equals("conflict") ? "failed, because another job waits with its queueing lock" : status));
        if (!outcomes.isEmpty()) {
            List<Job> rescued = rescues.stream()
                    .map(WorkerStore.Rescue::job)
                    .filter(job -> outcomes.containsKey(job.id()))
                    .toList();
            listeners.each(listener -> listener.jobsRescued(options.name(), rescued));
        }
        if (outcomes.containsValue("todo")) {
            whenRetried.run();
        }
    }

    private void refused(Job job, ConnectorException refusal) {
        if (refused.add(job.id())) {
            LOGGER.error(
                    "Worker {}: the database refuses to rescue job {}, trying again until it is rescued",
                    options.name(),
                    job.id(),
                    refusal);
        }
    }

    private @Nullable RetryDecision decide(Job job) {
        return OutcomeDecider.decide(
                tasks,
                job,
                new JobStalledException("Job " + job.id() + " was running when its worker (" + job.workerId()
                        + ") sent its last" + " heartbeat"));
    }

    /** Short enough for a quick rescue, and random, so that workers do not check at the same instant. */
    private Duration pause() {
        Duration third = options.stalledWorkerTimeout().dividedBy(3);
        long most = (third.compareTo(MOST_BETWEEN) < 0 ? third : MOST_BETWEEN).toMillis();
        return Duration.ofMillis(ThreadLocalRandom.current().nextLong(most / 2, most + 1));
    }

    /**
     * Running jobs without a worker. Their worker's row was deleted, at an unknown time, and the worker may be alive:
     * then it takes them back at its next heartbeat. So a job counts as abandoned only if it was seen without a worker
     * twice, as far apart as a worker may go without a heartbeat. Not thread-safe.
     */
    static final class Abandoned {

        private final long waitNanos;
        private final LongSupplier nanoClock;
        private final Map<Sighting, Long> firstSeen = new HashMap<>();
        private final Set<Sighting> seenInRound = new HashSet<>();

        Abandoned(Duration wait, LongSupplier nanoClock) {
            this.waitNanos = wait.toNanos();
            this.nanoClock = nanoClock;
        }

        /**
         * Whether to rescue a stalled job that was just seen: immediately or, if it has no worker, once that has lasted
         * long enough.
         */
        boolean isCertain(Job stalled) {
            if (stalled.workerId() != null) {
                return true;
            }
            Sighting sighting = new Sighting(stalled.id(), stalled.attempts());
            seenInRound.add(sighting);
            long now = nanoClock.getAsLong();
            return now - firstSeen.computeIfAbsent(sighting, first -> now) >= waitNanos;
        }

        /** Forgets jobs that were not seen since the last call; called after all stalled jobs have been checked. */
        void endRound() {
            firstSeen.keySet().retainAll(seenInRound);
            seenInRound.clear();
        }

        private record Sighting(long jobId, int attempts) {}
    }
}

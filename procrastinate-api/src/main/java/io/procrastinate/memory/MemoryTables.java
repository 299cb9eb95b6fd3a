package io.procrastinate.memory;

import io.procrastinate.connector.Notification;
import io.procrastinate.connector.SqlState;
import io.procrastinate.exception.ConnectorException;
import io.procrastinate.exception.UniqueViolationException;
import io.procrastinate.job.JobStatus;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The tables, and the rules that the database enforces on them. Not thread-safe: its connector serializes calls. */
final class MemoryTables {

    static final Comparator<MemoryJob> BEST_FIRST =
            Comparator.comparingInt((MemoryJob job) -> job.priority).reversed().thenComparingLong(job -> job.id);

    private final InstantSource clock;
    private final Consumer<Notification> notify;
    private final Map<Long, MemoryJob> jobs = new TreeMap<>();
    private final Map<Long, Instant> heartbeats = new HashMap<>();
    private final Map<String, Set<Long>> periodicDefers = new HashMap<>();
    private long lastJobId;
    private long lastWorkerId;

    MemoryTables(InstantSource clock, Consumer<Notification> notify) {
        this.clock = clock;
        this.notify = notify;
    }

    Instant now() {
        return clock.instant();
    }

    void clear() {
        jobs.clear();
        heartbeats.clear();
        periodicDefers.clear();
    }

    Collection<MemoryJob> jobs() {
        return jobs.values();
    }

    @Nullable
    MemoryJob job(long id) {
        return jobs.get(id);
    }

    @Nullable
    MemoryJob waitingWith(@Nullable String queueingLock) {
        return queueingLock == null
                ? null
                : jobs.values().stream()
                        .filter(job -> job.is(JobStatus.TODO) && queueingLock.equals(job.queueingLock))
                        .findFirst()
                        .orElse(null);
    }

    MemoryJob insert(
            String queue,
            String taskName,
            int priority,
            @Nullable String lock,
            @Nullable String queueingLock,
            String args,
            @Nullable Instant scheduledAt) {
        requireFree(queueingLock);
        MemoryJob job =
                new MemoryJob(++lastJobId, queue, taskName, priority, lock, queueingLock, args, scheduledAt, now());
        jobs.put(job.id, job);
        notifyOf("job_inserted", job);
        return job;
    }

    void requireFree(@Nullable String queueingLock) {
        if (waitingWith(queueingLock) != null) {
            throw new UniqueViolationException(
                    "A waiting job has the queueing lock " + queueingLock,
                    "procrastinate_jobs_queueing_lock_idx_v1",
                    null);
        }
    }

    void delete(MemoryJob job) {
        jobs.remove(job.id);
    }

    void set(MemoryJob job, JobStatus status) {
        job.become(status, now());
    }

    void notifyOf(String type, MemoryJob job) {
        String payload = "{\"type\" : \"" + type + "\", \"job_id\" : " + job.id + "}";
        notifyOf("procrastinate_queue_v1#" + job.queue, payload);
        notifyOf("procrastinate_any_queue_v1", payload);
    }

    void notifyOf(String channel, String payload) {
        notify.accept(new Notification(channel, payload));
    }

    /** Jobs that a worker may take now: at most one of each lock, the best one. */
    List<MemoryJob> fetchable(Predicate<MemoryJob> queue, int limit) {
        Instant now = now();
        return jobs.values().stream()
                .filter(job -> job.is(JobStatus.TODO) && queue.test(job) && job.isDue(now) && isHeadOfLock(job))
                .sorted(BEST_FIRST)
                .limit(limit)
                .toList();
    }

    boolean isHeadOfLock(MemoryJob job) {
        String lock = job.lock;
        return lock == null
                || jobs.values().stream()
                        .filter(other -> other != job && lock.equals(other.lock))
                        .noneMatch(other ->
                                other.is(JobStatus.DOING) || (other.is(JobStatus.TODO) && other.ranksBefore(job)));
    }

    long registerWorker() {
        heartbeats.put(++lastWorkerId, now());
        return lastWorkerId;
    }

    boolean heartbeat(long workerId) {
        return heartbeats.replace(workerId, now()) != null;
    }

    boolean isAlive(@Nullable Long workerId, Instant since) {
        Instant heartbeat = workerId == null ? null : heartbeats.get(workerId);
        return heartbeat != null && !heartbeat.isBefore(since);
    }

    /** The last heartbeat of each worker, by its id. */
    Map<Long, Instant> heartbeats() {
        return heartbeats;
    }

    /** How many workers have had a heartbeat since then. */
    long workersSince(Instant since) {
        return heartbeats.values().stream()
                .filter(heartbeat -> !heartbeat.isBefore(since))
                .count();
    }

    boolean hasWorker(long workerId) {
        return heartbeats.containsKey(workerId);
    }

    void unregisterWorker(long workerId) {
        heartbeats.remove(workerId);
        jobs.values().stream()
                .filter(job -> Long.valueOf(workerId).equals(job.workerId))
                .forEach(job -> job.workerId = null);
    }

    List<Long> silentWorkers(Instant since) {
        Set<Long> busy = new HashSet<>();
        jobs.values().stream().filter(job -> job.is(JobStatus.DOING)).forEach(job -> busy.add(job.workerId));
        return new ArrayList<>(heartbeats.entrySet().stream()
                .filter(entry -> entry.getValue().isBefore(since) && !busy.contains(entry.getKey()))
                .map(Map.Entry::getKey)
                .toList());
    }

    /** Whether a time of a schedule, or a later one, has been deferred. */
    boolean isDeferred(String taskName, String periodicId, long timestamp) {
        return periodicDefers.getOrDefault(taskName + "/" + periodicId, Set.of()).stream()
                .anyMatch(deferred -> deferred >= timestamp);
    }

    void markDeferred(String taskName, String periodicId, long timestamp) {
        periodicDefers
                .computeIfAbsent(taskName + "/" + periodicId, key -> new HashSet<>())
                .add(timestamp);
    }

    /** The exception for an error raised by the database's functions. */
    static ConnectorException raised(String message) {
        return SqlState.exception("The call", "P0001", message, null, null);
    }
}

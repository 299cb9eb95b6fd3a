package io.procrastinate.job;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * How many jobs a queue, a task or a lock has.
 *
 * @param name the name of the queue or task, or the lock
 * @param byStatus how many jobs of each status that occurs
 */
public record JobCounts(String name, Map<JobStatus, Long> byStatus) {

    /** Copies the map. */
    public JobCounts {
        Map<JobStatus, Long> copy = new EnumMap<>(JobStatus.class);
        copy.putAll(byStatus);
        byStatus = Collections.unmodifiableMap(copy);
    }

    /** How many jobs of one status. */
    public long of(JobStatus status) {
        return byStatus.getOrDefault(status, 0L);
    }

    /** How many jobs in all. */
    public long total() {
        return byStatus.values().stream().mapToLong(Long::longValue).sum();
    }
}

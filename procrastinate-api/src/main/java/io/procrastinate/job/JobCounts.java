package io.procrastinate.job;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * The number of jobs of a queue, a task or a lock.
 *
 * @param name the name of the queue or task, or the lock
 * @param byStatus how many jobs there are of each occurring status
 */
public record JobCounts(String name, Map<JobStatus, Long> byStatus) {

    /** Copies the map. */
    public JobCounts {
        Map<JobStatus, Long> copy = new EnumMap<>(JobStatus.class);
        copy.putAll(byStatus);
        byStatus = Collections.unmodifiableMap(copy);
    }

    /** The number of jobs of one status. */
    public long of(JobStatus status) {
        return byStatus.getOrDefault(status, 0L);
    }

    /** The number of all jobs. */
    public long total() {
        return byStatus.values().stream().mapToLong(Long::longValue).sum();
    }
}

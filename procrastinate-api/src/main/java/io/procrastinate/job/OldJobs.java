package io.procrastinate.job;

import io.procrastinate.driver.Durations;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which jobs are old: those that ended, by the database's clock, longer ago than an age. Waiting and running jobs never are.
 *
 * @param olderThan the age, at least one second; more than 100 years, such as {@code ChronoUnit.FOREVER.getDuration()}, means that
 *     none is old
 * @param queue the queue, or null for all
 * @param statuses the statuses, final ones only
 */
public record OldJobs(Duration olderThan, @Nullable String queue, Set<JobStatus> statuses) {

    /** Checks the values and copies the set. */
    public OldJobs {
        if (olderThan.compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException(
                    "The age of old jobs is " + olderThan + ", it must be at least one second");
        }
        olderThan = Durations.limited(olderThan);
        statuses = Set.copyOf(statuses);
        statuses.forEach(OldJobs::requireFinal);
    }

    /** Jobs that succeeded, in all queues. */
    public static OldJobs succeeded(Duration olderThan) {
        return new OldJobs(olderThan, null, Set.of(JobStatus.SUCCEEDED));
    }

    /** Jobs that ended in any way, in all queues. */
    public static OldJobs ended(Duration olderThan) {
        return new OldJobs(
                olderThan, null, Set.of(JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.ABORTED));
    }

    /** The same in one queue. */
    public OldJobs queue(String name) {
        return new OldJobs(olderThan, name, statuses);
    }

    private static void requireFinal(JobStatus status) {
        if (!status.isFinal()) {
            throw new IllegalArgumentException(
                    "Jobs of the status " + status + " have not ended: they are not removed");
        }
    }
}

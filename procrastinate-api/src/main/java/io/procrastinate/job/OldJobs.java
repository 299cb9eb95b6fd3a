package io.procrastinate.job;

import io.procrastinate.driver.Durations;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which jobs are old: those that ended, by the database's clock, longer ago than an age; never waiting or running ones.
 * Immutable.
 */
public final class OldJobs {

    private final Values values;

    private OldJobs(Values values) {
        this.values = values;
    }

    /**
     * Jobs that succeeded, in all queues.
     *
     * @throws IllegalArgumentException if the age is less than one second
     */
    public static OldJobs succeeded(Duration olderThan) {
        return new OldJobs(new Values(olderThan, null, Set.of(JobStatus.SUCCEEDED)));
    }

    /**
     * Jobs that ended in any way, in all queues.
     *
     * @throws IllegalArgumentException if the age is less than one second
     */
    public static OldJobs ended(Duration olderThan) {
        return new OldJobs(new Values(
                olderThan,
                null,
                Set.of(JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.ABORTED)));
    }

    /** Returns a copy for one queue, or for all. */
    public OldJobs queue(@Nullable String name) {
        return new OldJobs(new Values(values.olderThan, name, values.statuses));
    }

    /**
     * Returns a copy with other statuses.
     *
     * @throws IllegalArgumentException if jobs of one of them have not ended
     */
    public OldJobs statuses(Set<JobStatus> ended) {
        return new OldJobs(new Values(values.olderThan, values.queue, ended));
    }

    private static void requireFinal(JobStatus status) {
        if (!status.isFinal()) {
            throw new IllegalArgumentException(
                    "Jobs of the status " + status + " have not ended: they are not removed");
        }
    }

    /**
     * The age, at least one second; more than 100 years, such as {@code ChronoUnit.FOREVER.getDuration()}, means that
     * no job is old.
     */
    public Duration olderThan() {
        return values.olderThan;
    }

    /** The queue, or null for all. */
    public @Nullable String queue() {
        return values.queue;
    }

    /** The statuses, final ones only. */
    public Set<JobStatus> statuses() {
        return values.statuses;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof OldJobs that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return values.toString().replaceFirst("Values", "OldJobs");
    }

    /** Not public, so that another component breaks no caller. */
    private record Values(Duration olderThan, @Nullable String queue, Set<JobStatus> statuses) {

        Values {
            if (olderThan.compareTo(Duration.ofSeconds(1)) < 0) {
                throw new IllegalArgumentException(
                        "The age of old jobs is " + olderThan + ", it must be at least one second");
            }
            olderThan = Durations.limited(olderThan);
            statuses = Set.copyOf(statuses);
            statuses.forEach(OldJobs::requireFinal);
        }
    }
}

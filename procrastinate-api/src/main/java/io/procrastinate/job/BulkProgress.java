package io.procrastinate.job;

import java.util.List;

/**
 * The progress of deferring many jobs.
 *
 * @param deferred how many jobs are deferred so far, including the last chunk
 * @param ids the ids of the jobs of the last chunk, in their order
 */
public record BulkProgress(long deferred, List<Long> ids) {

    /** Copies the ids. */
    public BulkProgress {
        ids = List.copyOf(ids);
    }
}

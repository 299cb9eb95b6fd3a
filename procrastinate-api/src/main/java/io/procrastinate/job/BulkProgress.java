package io.procrastinate.job;

import java.util.List;

/**
 * How far a deferral of very many jobs has come.
 *
 * @param deferred how many jobs are deferred by now, those of the last chunk included
 * @param ids the ids of the jobs of the last chunk, in their order
 */
public record BulkProgress(long deferred, List<Long> ids) {

    /** Copies the ids. */
    public BulkProgress {
        ids = List.copyOf(ids);
    }
}

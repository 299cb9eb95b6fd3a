package io.procrastinate.worker;

import io.procrastinate.json.JsonRows;

/**
 * What makes a result count only for the run that it is of: {@code attempts} is the fencing token.
 *
 * @param jobId the job
 * @param attempts the runs before this one, as fetched
 * @param workerId the worker that fetched it
 */
record Claim(long jobId, int attempts, long workerId) {

    JsonRows put(JsonRows row) {
        return row.put("id", jobId).put("attempts", attempts).put("worker_id", workerId);
    }
}

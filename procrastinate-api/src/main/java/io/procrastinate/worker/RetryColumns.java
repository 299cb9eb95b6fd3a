package io.procrastinate.worker;

import io.procrastinate.job.NewJob;
import io.procrastinate.json.JsonRows;
import io.procrastinate.retry.RetryDecision;

/** A retry decision as the statements take it. */
final class RetryColumns {

    private RetryColumns() {}

    static void put(RetryDecision decision, JsonRows row) {
        row.put("retry_at", decision.at() == null ? null : decision.at().toString())
                .put("delay_micros", NewJob.micros(decision.in()))
                .put("priority", decision.priority())
                .put("queue_name", decision.queue())
                .put("lock", decision.lock());
    }
}

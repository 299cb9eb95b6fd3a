package io.procrastinate.task;

import io.procrastinate.adapter.QueryExecutor;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobManager;
import io.procrastinate.json.JsonCodec;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Tasks without a database. */
final class Unconnected {

    private static final QueryExecutor NOWHERE =
            (query, connection) -> CompletableFuture.failedFuture(new IllegalStateException("there is no database"));

    private Unconnected() {}

    static TaskRegistry registry() {
        return new TaskRegistry(new JobManager(NOWHERE, NOWHERE, () -> true), JsonCodec.standard());
    }

    /** What a run of a job sees. */
    record Context(Job job, TaskRegistry tasks) implements JobContext {

        @Override
        public Map<String, Object> attributes() {
            return Map.of();
        }

        @Override
        public String workerName() {
            return "worker";
        }

        @Override
        public List<String> workerQueues() {
            return List.of();
        }

        @Override
        public Instant startedAt() {
            return Instant.EPOCH;
        }

        @Override
        public Map<String, Object> additionalContext() {
            return Map.of();
        }

        @Override
        public void stopWorker() {
            // No worker runs this.
        }

        @Override
        public JobManager jobManager() {
            return new JobManager(NOWHERE, NOWHERE, () -> true);
        }

        @Override
        public @Nullable AbortReason abortReason() {
            return null;
        }

        @Override
        public boolean lost() {
            return false;
        }
    }
}

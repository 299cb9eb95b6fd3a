package io.procrastinate.worker;

import io.procrastinate.job.Job;
import io.procrastinate.retry.RetryDecision;
import io.procrastinate.task.TaskRegistry;
import io.procrastinate.text.Printable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks a task's retry strategy, which is code of the application and may fail itself. */
final class Retries {

    private static final Logger LOGGER = LoggerFactory.getLogger(Retries.class);

    private Retries() {}

    /** What the strategy of the job's task says; null, to fail the job, where the task is unknown or the strategy throws. */
    static @Nullable RetryDecision decide(TaskRegistry tasks, Job job, Throwable failure) {
        try {
            return tasks.named(job.taskName())
                    .map(task -> task.retryStrategy().decide(failure, job))
                    .orElse(null);
        } catch (RuntimeException | Error e) {
            LOGGER.error(
                    "The retry strategy of {} failed, job {} is not retried",
                    Printable.text(job.taskName()),
                    job.id(),
                    Printable.loggable(e));
            return null;
        }
    }
}

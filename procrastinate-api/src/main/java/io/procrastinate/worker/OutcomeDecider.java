package io.procrastinate.worker;

import io.procrastinate.exception.InvalidArgumentsException;
import io.procrastinate.exception.JobAbortedException;
import io.procrastinate.exception.JobTimeoutException;
import io.procrastinate.job.Job;
import io.procrastinate.job.RetryDecision;
import io.procrastinate.retry.JobRetryException;
import io.procrastinate.task.AbortReason;
import io.procrastinate.task.TaskRegistry;
import io.procrastinate.text.Printable;
import io.procrastinate.worker.JobResult.Outcome;
import java.net.SocketException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides how a run ended and what happens to its job. Thread-safe. */
final class OutcomeDecider {

    private static final Logger LOGGER = LoggerFactory.getLogger(OutcomeDecider.class);

    /** Causes may form a cycle. */
    private static final int MOST_CAUSES = 50;

    private final DeleteJobs deleteJobs;
    private final TaskRegistry tasks;
    private final StoredDetails details;

    OutcomeDecider(WorkerOptions options, TaskRegistry tasks) {
        this.details = new StoredDetails(options.errorText(), tasks);
        this.deleteJobs = options.deleteJobs();
        this.tasks = tasks;
    }

    /** The code returned. */
    Ending success(RunningJob run, @Nullable Object value) {
        boolean delete = deleteJobs != DeleteJobs.NEVER;
        Duration duration = duration(run);
        String stored = delete ? null : details.result(run.job(), value);
        return new Ending(run, Outcome.SUCCEEDED, value, null, null, delete, duration, null, stored);
    }

    /** The code threw. */
    Ending failure(RunningJob run, Throwable thrown) {
        AbortReason reason = isStop(thrown) ? run.abortReason() : null;
        if (reason == AbortReason.SHUTDOWN) {
            return failed(run, Outcome.GIVEN_BACK, thrown, null);
        }
        if (reason == AbortReason.USER_REQUEST || (reason == null && thrown instanceof JobAbortedException)) {
            return failed(run, Outcome.ABORTED, thrown, null);
        }
        Throwable failure = reason == AbortReason.TIMEOUT ? timedOut(run, thrown) : thrown;
        RetryDecision decision = decide(run.job(), failure);
        return failed(run, decision == null ? Outcome.FAILED : Outcome.RETRIED, failure, decision);
    }

    /** The run did not succeed, and this was decided about its job. */
    Ending failed(RunningJob run, Outcome outcome, @Nullable Throwable failure, @Nullable RetryDecision decision) {
        boolean delete = deleteJobs == DeleteJobs.ALWAYS;
        Duration duration = duration(run);
        String error = outcome == Outcome.GIVEN_BACK ? null : details.error(run.job(), failure);
        return new Ending(run, outcome, null, failure, decision, delete, duration, error, null);
    }

    private JobTimeoutException timedOut(RunningJob run, Throwable thrown) {
        String allowed = tasks.named(run.job().taskName())
                .map(task -> String.valueOf(task.timeout()))
                .orElse("its limit");
        return new JobTimeoutException(
                "The job ran longer than its task " + Printable.text(run.job().taskName()) + " allows, " + allowed,
                thrown);
    }

    /** Whether code ended because it was asked to, rather than by a failure of its own. */
    private static boolean isStop(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < MOST_CAUSES; depth++) {
            if (cause instanceof JobAbortedException
                    || cause instanceof InterruptedException
                    || cause instanceof ClosedByInterruptException
                    || cause instanceof CancellationException
                    || isClosedByInterrupt(cause)) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }

    /**
     * An interrupt closes the socket on which a virtual thread waits, and only the text distinguishes that from other
     * failures.
     */
    private static boolean isClosedByInterrupt(Throwable cause) {
        return cause instanceof SocketException && "Closed by interrupt".equals(cause.getMessage());
    }

    private @Nullable RetryDecision decide(Job job, Throwable failure) {
        if (failure instanceof JobRetryException asked) {
            return asked.decision();
        }
        return isHopeless(failure) ? null : decide(tasks, job, failure);
    }

    /**
     * Asks the retry strategy of the job's task, which is code of the application and may fail itself. Returns null, to
     * fail the job, if the task is unknown or the strategy throws.
     */
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

    /** Whether every run of the job would end this way. Middleware may have wrapped the exception. */
    private static boolean isHopeless(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < MOST_CAUSES; depth++) {
            if (cause instanceof InvalidArgumentsException) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }

    private static Duration duration(RunningJob run) {
        return Duration.ofNanos(run.nanosSinceStart());
    }
}

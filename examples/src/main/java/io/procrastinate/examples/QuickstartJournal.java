package io.procrastinate.examples;

import io.procrastinate.job.Job;
import io.procrastinate.worker.JobResult;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reports each notable job as it ends, and remembers how all of them ended. Thread-safe. */
final class QuickstartJournal {

    private final PrintStream out;
    private final Set<String> quietTasks;
    private final Map<Long, JobResult> results = new HashMap<>();

    /** @param quietTasks tasks whose jobs are reported only if they do not succeed */
    QuickstartJournal(PrintStream out, String... quietTasks) {
        this.out = out;
        this.quietTasks = Set.of(quietTasks);
    }

    /** Takes a result from the worker, after it has been stored. */
    synchronized void ended(JobResult result) {
        boolean succeeded = result.outcome() == JobResult.Outcome.SUCCEEDED;
        if (!succeeded || !quietTasks.contains(result.job().taskName())) {
            out.println("  " + line(result));
        }
        if (result.outcome() != JobResult.Outcome.RETRIED) {
            results.put(result.job().id(), result);
            notifyAll();
        }
    }

    /**
     * Waits until jobs have ended, well or not.
     *
     * @throws QuickstartException if some have not within the limit
     */
    synchronized void awaitEnds(Collection<Long> jobs, Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        while (!results.keySet().containsAll(jobs)) {
            long left = Duration.ofNanos(end - System.nanoTime()).toMillis();
            if (left <= 0) {
                List<Long> missing = jobs.stream()
                        .filter(id -> !results.containsKey(id))
                        .limit(10)
                        .toList();
                throw new QuickstartException("Not ended within " + limit.toSeconds() + " s: jobs " + missing);
            }
            try {
                wait(left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new QuickstartException("Interrupted while jobs were running");
            }
        }
    }

    /** The value that an ended job returned. */
    synchronized <T> T value(long job, Class<T> type) {
        JobResult result = results.get(job);
        if (result == null || !type.isInstance(result.value())) {
            throw new QuickstartException("Job " + job + " returned no " + type.getSimpleName() + ": " + result);
        }
        return type.cast(result.value());
    }

    private static String line(JobResult result) {
        Job job = result.job();
        String call = "job " + job.id() + " " + job.callString().replace("[" + job.id() + "]", "");
        return switch (result.outcome()) {
            case SUCCEEDED -> call + (result.value() == null ? " done" : " = " + result.value());
            case RETRIED -> call + " failed, runs again: " + reason(result.failure());
            case FAILED, ABORTED, GIVEN_BACK, LOST ->
                call + ": " + result.outcome().text() + ", " + reason(result.failure());
        };
    }

    private static String reason(@Nullable Throwable failure) {
        return failure == null ? "no reason given" : failure.getClass().getSimpleName() + ": " + failure.getMessage();
    }
}

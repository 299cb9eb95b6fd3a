package io.procrastinate.testing;

import io.procrastinate.App;
import io.procrastinate.job.Job;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobStatus;
import io.procrastinate.task.Task;
import java.util.List;
import org.assertj.core.api.AbstractAssert;
import org.jspecify.annotations.Nullable;

/**
 * Assertions about the jobs that an open app deferred, whatever has happened to them since. Those that do not hold
 * throw an {@link AssertionError} that shows the jobs found.
 */
public final class AppAssert extends AbstractAssert<AppAssert, App> {

    AppAssert(@Nullable App actual) {
        super(actual, AppAssert.class);
    }

    /** Verifies that at least one job of a task was deferred, and continues with those jobs. */
    public DeferredAssert deferred(String taskName) {
        List<Job> all = jobs();
        List<Job> found =
                all.stream().filter(job -> job.taskName().equals(taskName)).toList();
        if (found.isEmpty()) {
            throw failure("%nExpecting a job of%n  %s%nto have been deferred. Found:%s", taskName, shown(all));
        }
        return new DeferredAssert(actual, found);
    }

    /** Verifies that at least one job of a task was deferred, and continues with those jobs. */
    public DeferredAssert deferred(Task<?> task) {
        return deferred(task.name());
    }

    /** Verifies that no job of a task was deferred. */
    public AppAssert didNotDefer(String taskName) {
        List<Job> found =
                jobs().stream().filter(job -> job.taskName().equals(taskName)).toList();
        if (!found.isEmpty()) {
            throw failure("%nExpecting no job of%n  %s%nto have been deferred. Found:%s", taskName, shown(found));
        }
        return this;
    }

    /** Verifies that no job was deferred at all. */
    public AppAssert deferredNothing() {
        List<Job> all = jobs();
        if (!all.isEmpty()) {
            throw failure("%nExpecting no job to have been deferred. Found:%s", shown(all));
        }
        return this;
    }

    /**
     * Verifies a job's status.
     *
     * @throws io.procrastinate.exception.NoResultException if there is no such job
     */
    public AppAssert hasJob(long id, JobStatus status) {
        isNotNull();
        JobStatus found = actual.jobManager().status(id);
        if (found != status) {
            throw failure("%nExpecting job %s to be %s, it is %s", id, status, found);
        }
        return this;
    }

    private List<Job> jobs() {
        isNotNull();
        return actual.jobManager().list(JobFilter.ALL);
    }

    static String shown(List<Job> jobs) {
        if (jobs.isEmpty()) {
            return " none";
        }
        StringBuilder text = new StringBuilder();
        for (Job job : jobs) {
            text.append(System.lineSeparator())
                    .append("  ")
                    .append(job.callString())
                    .append(" ")
                    .append(job.status().text())
                    .append(" on ")
                    .append(job.queue())
                    .append(", priority ")
                    .append(job.priority())
                    .append(", lock ")
                    .append(job.lock())
                    .append(", queueing lock ")
                    .append(job.queueingLock())
                    .append(", scheduled ")
                    .append(job.scheduledAt());
        }
        return text.toString();
    }
}

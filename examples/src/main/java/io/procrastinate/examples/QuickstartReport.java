package io.procrastinate.examples;

import io.procrastinate.job.Job;
import io.procrastinate.job.JobCounts;
import io.procrastinate.job.JobFilter;
import io.procrastinate.job.JobManager;
import io.procrastinate.job.JobStatus;
import java.io.PrintStream;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The jobs according to the database. */
final class QuickstartReport {

    private static final List<JobStatus> COLUMNS = List.of(
            JobStatus.TODO,
            JobStatus.DOING,
            JobStatus.SUCCEEDED,
            JobStatus.FAILED,
            JobStatus.CANCELLED,
            JobStatus.ABORTED);

    private final JobManager jobManager;
    private final JobFilter filter;

    QuickstartReport(JobManager jobManager, JobFilter filter) {
        this.jobManager = jobManager;
        this.filter = filter;
    }

    /** Prints how many jobs each task has of each status. */
    void print(PrintStream out) {
        out.println();
        out.printf("%-10s", "task");
        COLUMNS.forEach(status -> out.printf("%11s", status.text()));
        out.println();
        for (JobCounts task : jobManager.tasks(filter)) {
            out.printf("%-10s", task.name());
            COLUMNS.forEach(status -> out.printf("%,11d", task.of(status)));
            out.println();
        }
        out.println();
    }

    /**
     * Checks that exactly these jobs exist and succeeded.
     *
     * @throws QuickstartException otherwise
     */
    void requireAllSucceeded(Collection<Long> deferred) {
        Set<Long> missing = new TreeSet<>(deferred);
        for (Job job : jobManager.list(filter)) {
            if (!missing.remove(job.id())) {
                throw new QuickstartException("A job that was not deferred here: " + job.callString());
            }
            if (job.status() != JobStatus.SUCCEEDED) {
                throw new QuickstartException(
                        "Not succeeded but " + job.status().text() + ": " + job.callString());
            }
        }
        if (!missing.isEmpty()) {
            throw new QuickstartException("Deferred, but not in the database: jobs " + missing);
        }
    }
}

package io.procrastinate.micrometer;

import io.procrastinate.job.JobManager;
import io.procrastinate.job.WorkerInfo;
import io.procrastinate.worker.WorkerOptions;
import java.time.Duration;
import java.util.List;

/** Reads the backlog of an app's database. */
record AppBacklog(JobManager jobs) implements Backlog.Source {

    /** Unless an application says otherwise, workers consider one dead after this time. */
    private static final Duration DEAD = WorkerOptions.defaults().stalledWorkerTimeout();

    @Override
    public Backlog read() {
        List<WorkerInfo> workers = jobs.workers();
        long alive = workers.stream()
                .filter(worker -> worker.silence().compareTo(DEAD) <= 0)
                .count();
        return new Backlog(jobs.backlog(), alive, workers.size() - alive);
    }
}

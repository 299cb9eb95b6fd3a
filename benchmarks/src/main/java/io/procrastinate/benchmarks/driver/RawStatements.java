package io.procrastinate.benchmarks.driver;

import io.procrastinate.adapter.QueryFile;
import io.procrastinate.connector.Query;
import io.procrastinate.job.JobManager;
import io.procrastinate.worker.Worker;
import java.util.List;

/** The exact statements of this library, for running them without it. */
final class RawStatements {

    private static final QueryFile RESULTS = QueryFile.beside(Worker.class, "results.sql");
    private static final QueryFile FETCH = QueryFile.beside(Worker.class, "fetch.sql");
    static final QueryFile JOBS = QueryFile.beside(JobManager.class, "queries.sql");
    static final Query DEFER = JOBS.query("defer_job");
    static final Query DEFER_MANY = JOBS.query("defer_jobs");
    static final Query REGISTER = QueryFile.beside(Worker.class, "liveness.sql").query("register_worker");

    private RawStatements() {}

    /** The cheap fetch returns a row without a job if it takes none. */
    static Query fetch(boolean optimized) {
        return FETCH.query(optimized ? "fetch_free_jobs_all" : "fetch_jobs_plain");
    }

    static Query finish(boolean optimized) {
        return RESULTS.query(optimized ? "finish_jobs" : "finish_jobs_plain");
    }

    static String arguments(long sent) {
        return "{\"sent\": " + sent + "}";
    }

    /** The jobs of a batch, as {@link #DEFER_MANY} takes them. */
    static String newJobs(int size) {
        String job = "{\"queue_name\":\"default\",\"task_name\":\"noop\",\"priority\":0,\"args\":" + arguments(0) + "}";
        return "[" + (job + ",").repeat(size - 1) + job + "]";
    }

    /** The results of jobs that succeeded, as {@link #finish} takes them. */
    static String results(List<Fetched> jobs, long workerId) {
        StringBuilder json = new StringBuilder("[");
        for (Fetched job : jobs) {
            json.append(json.length() > 1 ? "," : "").append("{\"id\":").append(job.id);
            json.append(",\"attempts\":").append(job.attempts);
            json.append(",\"worker_id\":").append(workerId);
            json.append(",\"status\":\"succeeded\",\"delete\":false}");
        }
        return json.append("]").toString();
    }

    /** What a fetched job needs in order to be run and finished. */
    record Fetched(long id, int attempts, String arguments) {

        long sent() {
            return Long.parseLong(arguments.replaceAll("\\D", ""));
        }
    }
}

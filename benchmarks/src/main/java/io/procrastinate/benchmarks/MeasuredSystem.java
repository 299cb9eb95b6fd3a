package io.procrastinate.benchmarks;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A system that is measured.
 *
 * @param name its name in options and results
 * @param kind its role in comparisons
 * @param platform what its driver needs
 * @param measures the measurements in which it takes part
 * @param clear the statement that removes its jobs
 * @param left the query for how many jobs have not ended
 */
record MeasuredSystem(String name, Kind kind, Platform platform, Set<String> measures, String clear, String left) {

    private static final Set<String> ALL = Set.of("defer", "batch", "drain", "work", "latency", "idle");
    private static final Set<String> BUSY = Set.of("drain", "work");
    /** What the name of a system ends with whose worker logs each job. */
    private static final String LOGS = "+logs";
    /** Their workers listen on connections of the application's pool, which a crowd of workers would exhaust. */
    private static final Set<String> BORROWING = Set.of("dbcp", "jdbc");

    private static final String CLEAR =
            "TRUNCATE procrastinate_jobs, procrastinate_periodic_defers, procrastinate_workers"
                    + " RESTART IDENTITY CASCADE";
    private static final String LEFT = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')";

    /** A system's role in comparisons. */
    enum Kind {
        /** This library with a connector. */
        OURS,
        /** What bounds this library. */
        YARDSTICK,
        /** Another queue. */
        PEER
    }

    /** What a driver runs on. */
    enum Platform {
        /** A Java process with the harness's classes. */
        JAVA,
        /** Node.js with the packages of {@code src/main/js}. */
        NODE,
        /** Python with the packages of {@code src/main/python}. */
        PYTHON,
        /** PostgreSQL's own pgbench. */
        PGBENCH
    }

    /**
     * Every system that the harness knows. The suffix {@code @python} means the schema as Python creates it,
     * {@code +local-queue} a worker that fetches ahead, {@code +logs} one whose log has the level of an application,
     * info, into a file.
     */
    static List<MeasuredSystem> all() {
        return List.of(
                ours("pgjdbc"),
                ours("vertx"),
                ours("pgjdbc-ng"),
                ours("dbcp"),
                ours("jdbc"),
                new MeasuredSystem("pgjdbc+local-queue", Kind.OURS, Platform.JAVA, BUSY, CLEAR, LEFT),
                new MeasuredSystem("vertx+local-queue", Kind.OURS, Platform.JAVA, BUSY, CLEAR, LEFT),
                new MeasuredSystem("pgjdbc" + LOGS, Kind.OURS, Platform.JAVA, Set.of("work"), CLEAR, LEFT),
                ours("pgjdbc@python"),
                ours("vertx@python"),
                raw("raw-pgjdbc"),
                raw("raw-vertx"),
                raw("raw-pgjdbc@python"),
                new MeasuredSystem("pgbench", Kind.YARDSTICK, Platform.PGBENCH, Set.of("defer"), CLEAR, LEFT),
                new MeasuredSystem(
                        "graphile-worker",
                        Kind.PEER,
                        Platform.NODE,
                        ALL,
                        "TRUNCATE graphile_worker._private_jobs",
                        "SELECT count(*) FROM graphile_worker._private_jobs"),
                new MeasuredSystem(
                        "pg-boss",
                        Kind.PEER,
                        Platform.NODE,
                        ALL,
                        "TRUNCATE pgboss.job",
                        "SELECT count(*) FROM pgboss.job WHERE state < 'completed'"),
                new MeasuredSystem(
                        "db-scheduler",
                        Kind.PEER,
                        Platform.JAVA,
                        ALL,
                        "TRUNCATE scheduled_tasks",
                        "SELECT count(*) FROM scheduled_tasks"),
                new MeasuredSystem(
                        "jobrunr",
                        Kind.PEER,
                        Platform.JAVA,
                        ALL,
                        "TRUNCATE jobrunr_jobs",
                        "SELECT count(*) FROM jobrunr_jobs WHERE state IN ('ENQUEUED', 'PROCESSING')"),
                new MeasuredSystem(
                        "quartz",
                        Kind.PEER,
                        Platform.JAVA,
                        ALL,
                        "TRUNCATE qrtz_fired_triggers, qrtz_simple_triggers, qrtz_triggers, qrtz_job_details CASCADE",
                        "SELECT count(*) FROM qrtz_triggers"),
                new MeasuredSystem("procrastinate-python", Kind.PEER, Platform.PYTHON, ALL, CLEAR, LEFT));
    }

    private static MeasuredSystem ours(String name) {
        Set<String> measures = new HashSet<>(ALL);
        measures.add("schedule");
        if (!BORROWING.contains(name)) {
            measures.add("crowd");
        }
        return new MeasuredSystem(name, Kind.OURS, Platform.JAVA, measures, CLEAR, LEFT);
    }

    private static MeasuredSystem raw(String name) {
        return new MeasuredSystem(name, Kind.YARDSTICK, Platform.JAVA, ALL, CLEAR, LEFT);
    }

    /** The least level of what its process logs. */
    String logLevel() {
        return name.endsWith(LOGS) ? "info" : "warn";
    }

    /** Its own database. */
    String database() {
        return "bench_" + name.replaceAll("\\W", "_");
    }
}
